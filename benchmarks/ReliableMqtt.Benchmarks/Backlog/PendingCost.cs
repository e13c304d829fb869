using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Report;

namespace ReliableMqtt.Benchmarks.Backlog;

/// <summary>
/// What a message costs Redis while others are pending: it must not be more when they are many. The broker confirms a number of messages and no more,
/// so that a step ends in the same state however many are pending.
/// </summary>
internal static class PendingCost
{
    private const int Size = 128, Window = 256, One = 1_000, Many = 4_000;

    public static async Task<int> RunAsync(IReadOnlyList<int> pending, int qos, CancellationToken cancellationToken)
    {
        var table = new TextTable("a message", "pending", "Redis scripts", "commands", "B in", "B out", "Redis CPU us");
        foreach (var count in pending)
        {
            await using var redis = await RedisServer.StartAsync("everysec", cancellationToken);
            void Report(string what, RedisCounts counts, int messages)
            {
                var cost = counts.For(messages);
                string[] numbers = [$"{count:N0}", $"{cost.Scripts:0.000}", $"{cost.Commands:0.00}", $"{cost.BytesIn:0}", $"{cost.BytesOut:0}", $"{cost.Cpu:0.00}"];
                table.Add([what, .. numbers]);
            }

            await AcceptAsync(redis, new Cell((MqttQualityOfServiceLevel)qos, Window, Size), count, Report, cancellationToken);
            Report("sent, window 1", await SendAsync(redis, new Cell((MqttQualityOfServiceLevel)qos, 1, Size), count, One, cancellationToken), One);
            Report($"sent, window {Window}", await SendAsync(redis, new Cell((MqttQualityOfServiceLevel)qos, Window, Size), count, Many, cancellationToken), Many);
        }

        table.Write(Console.Out);
        return 0;
    }

    private static async Task AcceptAsync(RedisServer redis, Cell cell, int pending, Action<string, RedisCounts, int> report, CancellationToken cancellationToken)
    {
        await using var publisher = await BacklogPublisher.StartAsync(redis, cell, cancellationToken);
        await publisher.AcceptAsync(pending, cancellationToken);
        await redis.TidyAsync(cancellationToken);
        var meter = await RedisMeter.StartAsync(redis);
        await publisher.AcceptEachAsync(One, cancellationToken);
        report("accepted, one at a time", await meter.ReadAsync(), One);
        meter = await RedisMeter.StartAsync(redis);
        await publisher.AcceptAsync(Many, cancellationToken);
        report("accepted, 1,000 at a time", await meter.ReadAsync(), Many);
    }

    /// <summary>Sends messages of a backlog that is filled up before.</summary>
    private static async Task<RedisCounts> SendAsync(RedisServer redis, Cell cell, int pending, int messages, CancellationToken cancellationToken)
    {
        await using var broker = await NullBroker.StartAsync(messages, cancellationToken);
        await using var publisher = await BacklogPublisher.StartAsync(redis, cell, cancellationToken);
        var missing = pending - publisher.Publisher.Status.Pending;
        if (missing > 0) await publisher.AcceptAsync(missing, cancellationToken);
        var meter = await RedisMeter.StartAsync(redis);
        await publisher.ConnectAsync(broker, cancellationToken);
        for (var attempt = 0; publisher.Publisher.Status.Confirmed < messages; attempt++)
        {
            if (attempt > 6_000) throw new TimeoutException($"{publisher.Publisher.Status.Confirmed} of {messages} messages are confirmed.");
            await Task.Delay(10, cancellationToken);
        }

        return await meter.ReadWhenQuietAsync(cancellationToken);
    }
}
