using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Benchmarks;

internal interface IContender
{
    string Name { get; }

    Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken);
}

/// <summary>MQTTnet as it is, pipelined: no durability, no resume. A semaphore keeps the window.</summary>
internal sealed class MqttNetContender : IContender
{
    public string Name => "MQTTnet PublishAsync, pipelined";

    public async Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithClientId("bench-mqttnet").Build(), cancellationToken);
        var payload = new byte[size];
        var measure = await Measure.OfAsync(messages, () => Pipeline.RunAsync(messages, window, async () =>
        {
            var result = await client.PublishAsync(
                new MqttApplicationMessageBuilder().WithTopic("bench/topic").WithPayload(payload).WithQualityOfServiceLevel(qos).Build(), CancellationToken.None);
            if (!result.IsSuccess) throw new InvalidOperationException($"refused: {result.ReasonCode}");
        }));
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), cancellationToken);
        return measure;
    }
}

/// <summary>ReliablePublisher.PublishAsync with the ledger in memory; as many calls outstanding as the other has.</summary>
internal sealed class ReliableContender : IContender
{
    public string Name => "ReliablePublisher.PublishAsync, memory ledger";

    public async Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken)
    {
        await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = "bench-reliable",
            Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", port),
            Ledger = new InMemoryAckLedger(),
            MaxInFlight = window,
        }, cancellationToken);
        var payload = new byte[size];
        await publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: cancellationToken);
        return await Measure.OfAsync(messages, () => Pipeline.RunAsync(messages, window, () => publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: CancellationToken.None)));
    }
}

/// <summary>Keeps a number of calls outstanding.</summary>
internal static class Pipeline
{
    public static async Task RunAsync(int messages, int window, Func<Task> publish)
    {
        var left = messages;
        await Task.WhenAll(Enumerable.Range(0, window).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await publish();
        }));
    }
}
