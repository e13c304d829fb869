using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>Ledgers on one file, for tests that look behind the port.</summary>
internal sealed class SqliteRig : IAsyncDisposable
{
    public const string PublisherId = "plant-7";

    private readonly List<AckLedger> _opened = [];

    public SqliteRig() => Settings = new SqliteAckLedgerOptions { Path = Folder.File };

    public SqliteFolder Folder { get; } = new();

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero));

    public SqliteAckLedgerOptions Settings { get; set; }

    /// <summary>Another start of the machine than the present one; 0 for the present one.</summary>
    public ulong Boot { get; set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public LedgerOpenOptions Options => new() { PublisherId = PublisherId, TimeProvider = Clock, LeaseDuration = TimeSpan.FromMinutes(1) };

    public SqliteAckLedger Create()
    {
        var ledger = Boot == 0 ? new SqliteAckLedger(Settings) : new SqliteAckLedger(Settings) { Boot = Boot };
        _opened.Add(ledger);
        return ledger;
    }

    public async Task<SqliteAckLedger> OpenAsync(LedgerOpenOptions? options = null)
    {
        var ledger = Create();
        await ledger.OpenAsync(options ?? Options, Cancel);
        return ledger;
    }

    public async Task<LedgerOwner> OwnAsync() => await OwnAsync(await OpenAsync());

    public async Task<LedgerOwner> OwnAsync(AckLedger ledger)
    {
        var grant = await ledger.AcquireAsync(Cancel);
        Assert.True(grant.Epoch is not null, $"the lease should be free, but {grant.Holder} has it");
        return await LedgerOwner.RecoverAsync(ledger, grant.Epoch.Value, Clock);
    }

    /// <summary>All objects go, without a word to the ledger, as when their processes end.</summary>
    public async Task CloseAsync()
    {
        foreach (var ledger in _opened) await ledger.DisposeAsync();
        _opened.Clear();
    }

    public LedgerRecord Message(string payload, string? id = null, int qos = 2) => new()
    {
        Topic = "plant/7/temperature",
        Payload = Encoding.UTF8.GetBytes(payload),
        QualityOfService = (MqttQualityOfServiceLevel)qos,
        MessageId = id is null ? default : new MessageId(id),
        AcceptedAt = Clock.GetUtcNow(),
    };

    public static async Task<string[]> BacklogAsync(AckLedger ledger) =>
        [.. (await ledger.ReadBacklogAsync(0, 10_000, Cancel)).Select(record => Encoding.UTF8.GetString(record.Payload.Span))];

    /// <summary>Looks into the file, or changes it, past the ledger.</summary>
    public long Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Folder.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Of this file's tests alone.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar() is long number ? number : 0;
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Folder.Dispose();
    }
}
