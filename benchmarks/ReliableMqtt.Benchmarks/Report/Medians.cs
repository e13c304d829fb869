using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Report;

/// <summary>The middle of what several rounds have measured, value by value.</summary>
internal static class Medians
{
    public static double Of<T>(IReadOnlyList<T> items, Func<T, double> value)
    {
        var sorted = items.Select(value).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    public static Measure Of(IReadOnlyList<Measure> rounds) => new()
    {
        Messages = rounds[0].Messages,
        MessagesPerSecond = Of(rounds, m => m.MessagesPerSecond),
        ClientCpu = Of(rounds, m => m.ClientCpu),
        BrokerCpu = Of(rounds, m => m.BrokerCpu),
        AllocatedBytes = Of(rounds, m => m.AllocatedBytes),
        Gen0 = Of(rounds, m => m.Gen0),
        Gen1 = Of(rounds, m => m.Gen1),
        Gen2 = Of(rounds, m => m.Gen2),
        P50 = Of(rounds, m => m.P50),
        P99 = Of(rounds, m => m.P99),
        P999 = Of(rounds, m => m.P999),
        Redis = rounds[0].Redis is null ? null : OfRedis([.. rounds.Select(m => m.Redis!)]),
    };

    private static RedisCost OfRedis(IReadOnlyList<RedisCost> rounds) => new(
        Of(rounds, r => r.Scripts), Of(rounds, r => r.Commands), Of(rounds, r => r.BytesIn), Of(rounds, r => r.BytesOut), Of(rounds, r => r.Cpu));
}
