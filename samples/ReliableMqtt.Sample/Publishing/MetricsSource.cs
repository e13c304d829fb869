using System.Runtime.CompilerServices;
using System.Text.Json;
using MQTTnet.Protocol;

namespace ReliableMqtt.Sample.Publishing;

/// <summary>Readings of this machine, one message a metric, again and again.</summary>
internal static class MetricsSource
{
    private static readonly string[] Columns = ["metric", "host"];

    /// <summary>Ends when it is cancelled.</summary>
    public static async IAsyncEnumerable<PublishMessage> ReadAsync(TimeSpan every, TopicTemplate topic, MqttQualityOfServiceLevel qualityOfService, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var machine = new MachineReadings();
        using var timer = new PeriodicTimer(every);
        while (await TicksAsync(timer, cancellationToken))
        {
            foreach (var reading in machine.Read())
                yield return new PublishMessage(topic.Fill(Columns, [reading.Metric, Environment.MachineName]), ToJson(reading), qualityOfService);
        }
    }

    private static async Task<bool> TicksAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static byte[] ToJson(MachineReadings.Reading reading)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("metric", reading.Metric);
            json.WriteNumber("value", Math.Round(reading.Value, 2));
            json.WriteString("unit", reading.Unit);
            json.WriteString("time", DateTimeOffset.UtcNow);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
