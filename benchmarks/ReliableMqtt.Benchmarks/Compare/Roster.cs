using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Benchmarks.Compare;

/// <summary>All who take part.</summary>
internal static class Roster
{
    /// <summary>Callers for each place of the window of one that never waits for its callers.</summary>
    private const int Saturated = 4;

    public static IReadOnlyList<IContender> All(RedisServer everySecond, RedisServer always, LedgerFiles files, IReadOnlyList<string> only)
    {
        IContender[] all =
        [
            new RawContender(isPaced: false),
            new RawContender(isPaced: true),
            new MqttNetContender(sequential: false),
            new MqttNetContender(sequential: true),
            new NaiveContender(everySecond, "everysec"),
            new NaiveContender(always, "always"),
            .. Ours("memory", () => new InMemoryAckLedger()),
            .. Ours("Redis everysec", () => new RedisAckLedger(everySecond.Address), everySecond),
            .. Ours("Redis always", () => new RedisAckLedger(always.Address), always),
            .. Ours("SQLite full", () => new SqliteAckLedger(files.New())),
            .. Ours("SQLite normal", () => new SqliteAckLedger(new SqliteAckLedgerOptions { Path = files.New(), Synchronous = SqliteSynchronous.Normal })),
        ];
        // The one that others are compared with is always there.
        return [.. all.Where(c => only.Count == 0 || c.Name == MqttNetContender.Pipelined || only.Any(part => c.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))];
    }

    // One that waits for its callers, and one that never does.
    private static ReliableContender[] Ours(string durability, Func<AckLedger> ledger, RedisServer? redis = null) =>
        [new(durability, ledger, redis), new(durability, ledger, redis, Saturated)];
}
