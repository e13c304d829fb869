using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;

namespace ReliableMqtt.Benchmarks.Compare;

/// <summary>All who take part.</summary>
internal static class Roster
{
    /// <summary>Callers for each place of the window of one that never waits for its callers.</summary>
    private const int Saturated = 4;

    public static IReadOnlyList<IContender> All(RedisServer everySecond, RedisServer always, IReadOnlyList<string> only)
    {
        IContender[] all =
        [
            new RawContender(isPaced: false),
            new RawContender(isPaced: true),
            new MqttNetContender(sequential: false),
            new MqttNetContender(sequential: true),
            new NaiveContender(everySecond, "everysec"),
            new NaiveContender(always, "always"),
            new ReliableContender("memory", null),
            new ReliableContender("memory", null, Saturated),
            new ReliableContender("Redis everysec", everySecond),
            new ReliableContender("Redis everysec", everySecond, Saturated),
            new ReliableContender("Redis always", always),
            new ReliableContender("Redis always", always, Saturated),
        ];
        // The one that others are compared with is always there.
        return [.. all.Where(c => only.Count == 0 || c.Name == MqttNetContender.Pipelined || only.Any(part => c.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))];
    }
}
