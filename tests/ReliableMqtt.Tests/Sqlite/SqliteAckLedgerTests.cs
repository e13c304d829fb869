using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>The conformance suite on a file for each test.</summary>
public sealed class SqliteAckLedgerTests : AckLedgerConformance
{
    private readonly SqliteFolder _folder = new();

    protected override ValueTask<AckLedger> CreateOnFreshStoreAsync() => CreateOnSameStoreAsync();

    protected override ValueTask<AckLedger> CreateOnSameStoreAsync() => ValueTask.FromResult<AckLedger>(new SqliteAckLedger(_folder.File));

    // There is no server: what is on the disk is what another process sees.
    protected override bool CanRestartStore => true;

    protected override ValueTask RestartStoreAsync() => ValueTask.CompletedTask;

    protected override ValueTask DisposeStoreAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_says_how_durable_it_is()
    {
        await using var full = new SqliteAckLedger(_folder.File);
        Assert.Equal(LedgerDurabilityLevel.Durable, (await full.OpenAsync(Options, Cancel)).Level);
        Assert.Equal("sqlite", full.Kind);
        await using var normal = new SqliteAckLedger(new SqliteAckLedgerOptions { Path = _folder.File, Synchronous = SqliteSynchronous.Normal });
        Assert.Equal(LedgerDurabilityLevel.RecentWritesAtRisk, (await normal.OpenAsync(Options, Cancel)).Level);
    }
}
