using System.Reflection;

namespace ReliableMqtt.Tests.Docs;

/// <summary>Proves that docs/telemetry.md names what there is.</summary>
public sealed class TelemetryDocTests
{
    [Fact]
    public void Each_name_is_in_the_document()
    {
        var text = Document.Read("docs/telemetry.md").Text;
        var names = typeof(ReliableMqttTelemetry).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name is not (nameof(ReliableMqttTelemetry.SourceName) or nameof(ReliableMqttTelemetry.MeterName)))
            .Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.True(names.Count > 20);
        Assert.All(names, name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
    }
}
