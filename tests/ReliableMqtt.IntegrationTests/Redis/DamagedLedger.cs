using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>A ledger on a server of its own, with a hand inside to damage what it holds.</summary>
internal sealed class DamagedLedger : IAsyncDisposable
{
    public const string PublisherId = "damaged";

    private readonly List<AckLedger> _ledgers = [];

    private DamagedLedger(RedisServer server, ConnectionMultiplexer connection) => (Server, Connection) = (server, connection);

    public RedisServer Server { get; }

    public ConnectionMultiplexer Connection { get; }

    public IDatabase Database => Connection.GetDatabase();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<DamagedLedger> StartAsync()
    {
        var server = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "no" });
        return new DamagedLedger(server, await server.ConnectAsync());
    }

    public static string Key(string name) => $"reliable-mqtt:{{{PublisherId}}}:{name}";

    public async Task<AckLedger> OpenAsync(bool createIfMissing = true)
    {
        var ledger = new RedisAckLedger(Server.Address);
        _ledgers.Add(ledger);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId, CreateIfMissing = createIfMissing }, Cancel);
        return ledger;
    }

    public async Task<LedgerOwner> OwnAsync()
    {
        var ledger = await OpenAsync();
        return await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
    }

    public static LedgerRecord Message(string payload, string? id = null) => new()
    {
        Topic = "a/b",
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce,
        MessageId = id is null ? default : new MessageId(id),
        AcceptedAt = DateTimeOffset.UnixEpoch,
    };

    public async Task<byte[]> DamageBacklogAsync(int index, Func<byte[], byte[]> damage)
    {
        var damaged = damage((byte[])(await Database.ListGetByIndexAsync(Key("backlog"), index))!);
        await Database.ListSetByIndexAsync(Key("backlog"), index, damaged);
        return damaged;
    }

    public async Task<byte[]> DamageHashAsync(string key, RedisValue field, Func<byte[], byte[]> damage)
    {
        var damaged = damage((byte[])(await Database.HashGetAsync(Key(key), field))!);
        await Database.HashSetAsync(Key(key), field, damaged);
        return damaged;
    }

    public static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x10;
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in _ledgers) await ledger.DisposeAsync();
        await Connection.DisposeAsync();
        await Server.DisposeAsync();
    }
}
