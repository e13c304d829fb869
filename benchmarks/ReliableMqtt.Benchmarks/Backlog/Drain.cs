using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;

namespace ReliableMqtt.Benchmarks.Backlog;

/// <summary>
/// How fast a backlog leaves when the broker is there again, against the rate of live messages before and after it, at the same window. Live messages are
/// measured with as many callers as the window has places, and with four times as many, so that the publisher never waits for them.
/// </summary>
internal static class Drain
{
    private const int Saturated = 4;

    public static async Task<int> RunAsync(int messages, int window, int size, IReadOnlyList<int> qualities, IReadOnlyList<string> brokers, CancellationToken cancellationToken)
    {
        foreach (var name in brokers)
            foreach (var qos in qualities)
            {
                // A ledger of its own for each: what one has left behind is not the other's.
                await using var redis = await RedisServer.StartAsync("everysec", cancellationToken);
                await using var broker = await BrokerOf.StartAsync(name, cancellationToken);
                await MeasureAsync(redis, broker, new Cell((MqttQualityOfServiceLevel)qos, window, size), messages, cancellationToken);
            }

        return 0;
    }

    private static async Task MeasureAsync(RedisServer redis, IBroker broker, Cell cell, int messages, CancellationToken cancellationToken)
    {
        var live = Math.Clamp(messages / 4, 1_000, 200_000);
        var before = await LiveAsync(redis, broker, cell, live, cancellationToken);
        await redis.TidyAsync(cancellationToken);
        double accepted, left;
        await using (var publisher = await BacklogPublisher.StartAsync(redis, cell, cancellationToken))
        {
            accepted = await RateAsync(messages, () => publisher.AcceptAsync(messages, cancellationToken));
            await redis.TidyAsync(cancellationToken);
            await publisher.ConnectAsync(broker, cancellationToken);
            left = await RateAsync(messages, () => publisher.Publisher.FlushAsync(cancellationToken));
        }

        var after = await LiveAsync(redis, broker, cell, live, cancellationToken);
        var (one, four) = ((before.One + after.One) / 2, (before.Four + after.Four) / 2);
        Console.WriteLine(FormattableString.Invariant(
            $"{broker.Name}, QoS {(int)cell.Qos}, window {cell.Window}, {cell.Size} B, Redis everysec: {messages:N0} accepted at {accepted:N0}/s, drained at {left:N0}/s; live {one:N0}/s (drain is {left / one:0.00}x), saturated {four:N0}/s ({left / four:0.00}x)"));
    }

    private static async Task<(double One, double Four)> LiveAsync(RedisServer redis, IBroker broker, Cell cell, int messages, CancellationToken cancellationToken)
    {
        await using var publisher = await BacklogPublisher.StartAsync(redis, cell, cancellationToken);
        await publisher.ConnectAsync(broker, cancellationToken);
        await publisher.PublishAsync(messages / 4, cell.Window);
        return (await RateAsync(messages, () => publisher.PublishAsync(messages, cell.Window)),
            await RateAsync(messages, () => publisher.PublishAsync(messages, cell.Window * Saturated)));
    }

    private static async Task<double> RateAsync(int messages, Func<Task> run)
    {
        var started = Stopwatch.GetTimestamp();
        await run();
        return messages / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
