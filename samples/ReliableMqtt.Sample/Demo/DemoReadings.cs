using MQTTnet.Protocol;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Demo;

/// <summary>A file of readings of the demo, and how it is published.</summary>
/// <param name="Name">Names its topic, and its publisher where it has one of its own.</param>
/// <param name="File">The file.</param>
/// <param name="QualityOfService">Daily ones go at QoS 1, hourly ones at QoS 2.</param>
/// <param name="Rate">Slow enough to watch, and for the trouble to meet messages in every stage.</param>
internal sealed record DemoReadings(string Name, string File, MqttQualityOfServiceLevel QualityOfService, MessageRate Rate)
{
    public static readonly DemoReadings Daily = new("daily", "seattle-weather.csv", MqttQualityOfServiceLevel.AtLeastOnce, new MessageRate(75));

    public static readonly DemoReadings Hourly = new("hourly", "seattle-weather-hourly-normals.csv", MqttQualityOfServiceLevel.ExactlyOnce, new MessageRate(450));

    public static IReadOnlyList<DemoReadings> All { get; } = [Daily, Hourly];

    public string Topic => $"seattle/{Name}";

    public string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "data", File);

    public int Rows { get; } = System.IO.File.ReadLines(System.IO.Path.Combine(AppContext.BaseDirectory, "data", File)).Count() - 1;
}
