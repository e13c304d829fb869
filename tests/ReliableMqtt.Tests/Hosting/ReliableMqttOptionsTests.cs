using System.Reflection;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Hosting;

/// <summary>Proves that a host's settings are the publisher's: the same names, defaults and bounds, and none is forgotten on the way.</summary>
public sealed class ReliableMqttOptionsTests
{
    // What a host takes from elsewhere: the container, the builder, or tests alone.
    private static readonly string[] Elsewhere = ["Ledger", "Mqtt", "ConfigureClient", "LoggerFactory", "MeterFactory", "TimeProvider"];

    private static IEnumerable<PropertyInfo> Publishers =>
        typeof(ReliablePublisherOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => !Elsewhere.Contains(property.Name));

    [Fact]
    public void Each_option_is_there_with_its_type_and_default()
    {
        var options = new ReliableMqttOptions();
        var publisher = OptionsMapping.ToPublisher(options, new InMemoryAckLedger(), null);
        foreach (var expected in Publishers)
        {
            var property = typeof(ReliableMqttOptions).GetProperty(expected.Name);
            Assert.True(property is not null, $"{expected.Name} is missing");
            Assert.Equal(expected.PropertyType, property.PropertyType);
            Assert.Equal(expected.GetValue(new ReliablePublisherOptions { PublisherId = "", Ledger = null! }), property.GetValue(options));
            Assert.Equal(property.GetValue(options), expected.GetValue(publisher));
        }
    }

    [Fact]
    public void Each_option_reaches_the_publisher()
    {
        foreach (var expected in Publishers)
        {
            var options = new ReliableMqttOptions();
            var property = typeof(ReliableMqttOptions).GetProperty(expected.Name)!;
            var changed = Changed(property.GetValue(options), property.PropertyType);
            property.SetValue(options, changed);
            Assert.Equal(changed, expected.GetValue(OptionsMapping.ToPublisher(options, new InMemoryAckLedger(), null)));
        }
    }

    private static object Changed(object? value, Type type) => value switch
    {
        string => "changed",
        int number => number + 1,
        long number => number + 1,
        bool flag => !flag,
        TimeSpan time => time + TimeSpan.FromSeconds(1),
        Enum one => Enum.GetValues(type).Cast<object>().First(other => !other.Equals(one)),
        null => (Func<PublishRefusal, bool?>)(_ => null),
        _ => throw new NotSupportedException($"Say how to change a {type.Name}."),
    };
}
