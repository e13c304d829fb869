using ReliableMqtt.Benchmarks.Brokers;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>What may stand between two messages: from a call that does nothing to the whole commit.</summary>
internal sealed class RedisCalls : IAsyncDisposable
{
    public const string Ping = "PING";

    // A record of 128 bytes of payload.
    private const int RecordSize = 170;

    private readonly ConnectionMultiplexer _connection;
    private readonly OwnLedger _ledger;
    private readonly IDatabase _database;
    private readonly RedisKey _key = "{bench-floor}:bare";
    private readonly RedisKey[] _keys;
    private readonly byte[] _record = new byte[RecordSize];
    private readonly RedisValue[] _fields = ["1", "2"];
    private int _turn;

    private RedisCalls(ConnectionMultiplexer connection, OwnLedger ledger)
    {
        (_connection, _ledger, _database) = (connection, ledger, connection.GetDatabase());
        _keys = [_key];
    }

    public static async Task<RedisCalls> ConnectAsync(RedisServer redis, CancellationToken cancellationToken) =>
        new(await ConnectionMultiplexer.ConnectAsync(redis.Address), await OwnLedger.OpenAsync(redis.Address, cancellationToken));

    public async Task<IReadOnlyList<(string Name, Func<Task> Call)>> AllAsync()
    {
        var store = await LoadAsync("return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])");
        var storeAndRemove = await LoadAsync("redis.call('HDEL', KEYS[1], ARGV[3]) return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])");
        return
        [
            (Ping, () => _database.PingAsync()),
            ("HSET", () => _database.HashSetAsync(_key, Next(), _record)),
            ("EVALSHA, HSET", () => _database.ScriptEvaluateAsync(store, _keys, [Next(), _record])),
            ("EVALSHA, HDEL and HSET", () => _database.ScriptEvaluateAsync(storeAndRemove, _keys, [Next(), _record, _fields[(_turn + 1) % 2]])),
            ("commit of RedisAckLedger", _ledger.CommitAsync),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task<byte[]> LoadAsync(string script) => Convert.FromHexString((string?)await _database.ExecuteAsync("SCRIPT", "LOAD", script) ?? throw new InvalidOperationException("No digest."));

    private RedisValue Next() => _fields[++_turn % 2];
}
