using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks;

/// <summary>Runs the contenders in turn, round after round, so that what else the machine does hits all of them, and prints medians and ratios.</summary>
internal static class Comparison
{
    public static async Task<int> RunAsync(int messages, int rounds, int window, int size, CancellationToken cancellationToken)
    {
        await using var broker = await Mosquitto.StartAsync(cancellationToken);
        await using var everySecond = await Redis.StartAsync("everysec", cancellationToken);
        await using var always = await Redis.StartAsync("always", cancellationToken);
        string Address(Redis server) => $"127.0.0.1:{server.Port}";
        Console.WriteLine($"mosquitto on 127.0.0.1:{broker.Port}; {messages} messages of {size} B, window {window}, {rounds} rounds; median of messages/s and of client CPU");
        foreach (var qos in new[] { MqttQualityOfServiceLevel.AtLeastOnce, MqttQualityOfServiceLevel.ExactlyOnce })
        {
            IContender[] contenders =
            [
                new MqttNetContender(),
                new ReliableContender("memory", () => new InMemoryAckLedger()),
                new ReliableContender("Redis everysec", () => new RedisAckLedger(Address(everySecond))),
                new ReliableContender("Redis everysec, 4 callers a place", () => new RedisAckLedger(Address(everySecond)), 4),
                new ReliableContender("Redis always", () => new RedisAckLedger(Address(always))),
                new ReliableContender("Redis always, 4 callers a place", () => new RedisAckLedger(Address(always)), 4),
                new NaiveContender(everySecond, "everysec"),
                new NaiveContender(always, "always"),
            ];
            var results = contenders.ToDictionary(c => c.Name, _ => new List<Measure>());
            for (var round = -1; round < rounds; round++)
            {
                foreach (var contender in contenders)
                {
                    // Round -1 warms up: jitted code is what is compared.
                    var count = (int)(contender.Share * (round < 0 ? messages / 4 : messages));
                    var measure = await contender.RunAsync(broker.Port, qos, count, window, size, cancellationToken);
                    if (round >= 0) results[contender.Name].Add(measure);
                }
            }

            var baseline = Median(results[contenders[0].Name], m => m.Rate);
            foreach (var (name, measures) in results)
            {
                var rate = Median(measures, m => m.Rate);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"qos={(int)qos} {name,-68} {rate,9:0}/s  {Median(measures, m => m.CpuMicroseconds),6:0.0} us CPU/message  {Median(measures, m => m.Bytes),6:0} B allocated/message  {rate / baseline:0.00}x"));
            }
        }

        return 0;
    }

    private static double Median(List<Measure> measures, Func<Measure, double> of)
    {
        var sorted = measures.Select(of).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
