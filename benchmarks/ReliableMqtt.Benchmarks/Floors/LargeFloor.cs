using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Report;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>Large messages, many at once: what broker and Redis can do on the processors that they share with the client, whatever the ledger.</summary>
internal static class LargeFloor
{
    private const int WarmUp = 3_000, Saturated = 4;

    public static async Task RunAsync(RedisServer redis, IBroker broker, int size, int rounds, double seconds, CancellationToken cancellationToken)
    {
        var cell = new Cell(MqttQualityOfServiceLevel.AtLeastOnce, 256, size);
        RedisAckLedger Ledger() => new(redis.Address);
        IContender[] contenders =
        [
            new RawContender(isPaced: false), new RawContender(isPaced: true), new BareContender(redis, withBroker: false), new BareContender(redis, withBroker: true),
            new ReliableContender("Redis everysec", Ledger, redis), new ReliableContender("Redis everysec", Ledger, redis, Saturated),
        ];
        var counts = new Dictionary<string, int>();
        var measures = contenders.ToDictionary(contender => contender.Name, _ => new List<Measure>());
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var contender in contenders)
            {
                await redis.TidyAsync(cancellationToken);
                var measure = await Meter.MeasureAsync(contender, broker, cell, counts.GetValueOrDefault(contender.Name, WarmUp), cancellationToken);
                if (round == 0) counts[contender.Name] = (int)Math.Max(WarmUp, measure.MessagesPerSecond * seconds);
                else measures[contender.Name].Add(measure);
            }
        }

        Write(cell, measures);
    }

    private static void Write(Cell cell, Dictionary<string, List<Measure>> measures)
    {
        Console.WriteLine();
        Console.WriteLine($"QoS 1, window {cell.Window}, {cell.Size} B; processor times in us for a message");
        var table = new TextTable("", "messages/s", "x", "client CPU", "broker CPU", "Redis CPU");
        var raw = Medians.Of(measures.First().Value).MessagesPerSecond;
        foreach (var (name, rounds) in measures)
        {
            var m = Medians.Of(rounds);
            table.Add(name, Text(m.MessagesPerSecond, "N0"), Text(m.MessagesPerSecond / raw, "0.00"), Text(m.ClientCpu, "0.0"), Text(m.BrokerCpu, "0.0"), m.Redis is { } redis ? Text(redis.Cpu, "0.0") : "");
        }

        table.Write(Console.Out);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
