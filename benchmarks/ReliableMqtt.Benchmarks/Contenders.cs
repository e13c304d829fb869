using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks;

internal interface IContender
{
    string Name { get; }

    /// <summary>The part of a round's messages that is enough for one that is slow.</summary>
    double Share => 1;

    Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken);
}

/// <summary>MQTTnet as it is, pipelined: no durability, no resume. A semaphore keeps the window.</summary>
internal sealed class MqttNetContender : IContender
{
    public string Name => "MQTTnet PublishAsync, pipelined";

    public async Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken)
    {
        using var client = await MqttNet.ConnectAsync(port, cancellationToken);
        var payload = new byte[size];
        var measure = await Measure.OfAsync(messages, () => Pipeline.RunAsync(messages, window, () => MqttNet.PublishAsync(client, payload, qos)));
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), cancellationToken);
        return measure;
    }
}

/// <summary>What a tutorial does: one message after the other, its state in a Redis hash.</summary>
internal sealed class NaiveContender(Redis redis, string name) : IContender
{
    public string Name => $"HSET, PublishAsync, HSET, HGET, HDEL, {name}";

    public double Share => 0.05;

    public async Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken)
    {
        using var client = await MqttNet.ConnectAsync(port, cancellationToken);
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port}");
        var database = connection.GetDatabase();
        var payload = new byte[size];
        return await Measure.OfAsync(messages, async () =>
        {
            for (var id = 0; id < messages; id++)
            {
                await database.HashSetAsync("acks", id, 0);
                await MqttNet.PublishAsync(client, payload, qos);
                await database.HashSetAsync("acks", id, 1);
                if (await database.HashGetAsync("acks", id) == 1) await database.HashDeleteAsync("acks", id);
            }
        });
    }
}

/// <summary>ReliablePublisher.PublishAsync. <paramref name="callers"/> calls for each place in the window are outstanding.</summary>
internal sealed class ReliableContender(string name, Func<AckLedger> ledger, int callers = 1) : IContender
{
    public string Name => $"ReliablePublisher.PublishAsync, {name}";

    public async Task<Measure> RunAsync(int port, MqttQualityOfServiceLevel qos, int messages, int window, int size, CancellationToken cancellationToken)
    {
        await using var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = "bench-reliable",
            Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", port),
            Ledger = ledger(),
            MaxInFlight = window,
        }, cancellationToken);
        var payload = new byte[size];
        await publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: cancellationToken);
        return await Measure.OfAsync(messages, () => Pipeline.RunAsync(
            messages, window * callers, () => publisher.PublishAsync("bench/topic", payload, qos, cancellationToken: CancellationToken.None)));
    }
}

internal static class MqttNet
{
    public static async Task<IMqttClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithClientId("bench-mqttnet").Build(), cancellationToken);
        return client;
    }

    public static async Task PublishAsync(IMqttClient client, byte[] payload, MqttQualityOfServiceLevel qos)
    {
        var result = await client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic("bench/topic").WithPayload(payload).WithQualityOfServiceLevel(qos).Build(), CancellationToken.None);
        if (!result.IsSuccess) throw new InvalidOperationException($"refused: {result.ReasonCode}");
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
