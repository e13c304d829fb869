using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Report;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>
/// One message after the other, and between two of them one call to Redis: so caches are as cold as in real use. What any durable publish takes that waits for
/// one answer of this Redis and one of this broker.
/// </summary>
internal static class SequentialFloor
{
    private static readonly Cell Cell = new(MqttQualityOfServiceLevel.AtLeastOnce, 1, 128);

    public static async Task RunAsync(RedisServer redis, IBroker broker, int rounds, int messages, CancellationToken cancellationToken)
    {
        await using var calls = await RedisCalls.ConnectAsync(redis, cancellationToken);
        using var publisher = new RawPublisher(broker.Port, Cell.Size);
        var all = await calls.AllAsync();
        IContender[] whole = [new MqttNetContender(sequential: true), new ReliableContender("Redis everysec", () => new RedisAckLedger(redis.Address), redis)];
        var times = all.ToDictionary(call => call.Name, _ => new List<Times>());
        var publishes = whole.ToDictionary(contender => contender.Name, _ => new List<Measure>());
        for (var round = 0; round <= rounds; round++)
        {
            await redis.TidyAsync(cancellationToken);
            foreach (var (name, call) in all)
                if (await MeasureAsync(publisher, call, messages) is var measured && round > 0) times[name].Add(measured);
            foreach (var contender in whole)
                if (await Meter.MeasureAsync(contender, broker, Cell, messages, cancellationToken) is var measured && round > 0) publishes[contender.Name].Add(measured);
        }

        Write(times, publishes);
    }

    private static async Task<Times> MeasureAsync(RawPublisher publisher, Func<Task> call, int messages)
    {
        var (publish, redis, both) = (new Latencies(messages), new Latencies(messages), new Latencies(messages));
        for (var i = 0; i < messages; i++)
        {
            var started = Latencies.Now;
            publisher.Publish();
            var published = Latencies.Now;
            await call();
            var ended = Latencies.Now;
            publish.Record(i, started, published);
            redis.Record(i, published, ended);
            both.Record(i, started, ended);
        }

        return new Times(redis.Percentiles(50)[0], publish.Percentiles(50)[0], both.Percentiles(50)[0]);
    }

    private static void Write(Dictionary<string, List<Times>> times, Dictionary<string, List<Measure>> publishes)
    {
        Console.WriteLine();
        Console.WriteLine($"One PUBLISH over a raw socket, QoS 1, {Cell.Size} B, then one call of Redis: p50 in us");
        var table = new TextTable("the call", "of Redis", "of the broker", "both");
        foreach (var (name, rounds) in times)
            table.Add(name, Text(Medians.Of(rounds, t => t.Redis)), Text(Medians.Of(rounds, t => t.Publish)), Text(Medians.Of(rounds, t => t.Both)));
        table.Write(Console.Out);
        foreach (var (name, rounds) in publishes) Console.WriteLine($"{name}, one message after the other: {Text(Medians.Of(rounds, m => m.P50))} us");
        var ping = Medians.Of(times[RedisCalls.Ping], t => t.Redis);
        var mqttNet = Medians.Of(publishes.First().Value, m => m.P50);
        Console.WriteLine($"{publishes.First().Key} + 1.5 x PING: {Text(mqttNet + (1.5 * ping))} us");
    }

    private static string Text(double microseconds) => microseconds.ToString("0", CultureInfo.InvariantCulture);

    private readonly record struct Times(double Redis, double Publish, double Both);
}
