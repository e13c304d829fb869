using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>The ledger of one simulated process: the one in memory, behind a network that delays, and that loses requests and answers.</summary>
internal sealed partial class SimLedger : AckLedger
{
    private readonly SimWorld _world;
    private readonly SimProcess _process;
    private readonly InMemoryAckLedger _inner;

    public SimLedger(SimWorld world, SimProcess process)
    {
        (_world, _process, _inner) = (world, process, world.Store.Open(process.Clock));
        // Both are best effort.
        _inner.Changed += change => Tell("changed", () => OnChanged(change));
        _inner.Finished += answers => Tell("finished", () => OnFinished(answers));
    }

    public SimProcess Process => _process;

    public override string Kind => "simulated";

    /// <summary>It does not answer before then.</summary>
    public DateTimeOffset OutUntil { get; set; }

    private PlantedBug Bug => _world.Bug;

    public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => _inner.OpenAsync(options, cancellationToken);

    public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) =>
        Ask("accept", ledger => ledger.AcceptAsync(records, default), isDefinite: true, instead: Bug == PlantedBug.AcceptsUnstored ? () => Unstored(records) : null);

    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken) =>
        Ask("find", ledger => ledger.FindAsync(messageIds, default));

    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => Ask("count", ledger => ledger.GetStatisticsAsync(default));

    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) => Ask("acquire", Acquire);

    private ValueTask<LeaseGrant> Acquire(AckLedger ledger)
    {
        var store = _world.Store;
        // The server lets nobody else have it while its holder may still be about to put right what was lost.
        if (store.Holder != this && _world.Now < store.OthersWaitUntil) return new(new LeaseGrant(null, "the owner before the loss", TimeSpan.FromSeconds(1)));
        if (store.Holder != this) store.Harden();
        var asked = ledger.AcquireAsync(default);
        // A server counts in whole milliseconds.
        if (asked.Result.Epoch is not { } epoch) return new(asked.Result with { RetryAfter = TimeSpan.FromMilliseconds(Math.Ceiling(asked.Result.RetryAfter.TotalMilliseconds)) });
        _world.Trace.Note(_world, "lease of", _process.Name);
        store.Holder = this;
        Epoch = epoch;
        return asked;
    }

    /// <summary>The last epoch that it was given.</summary>
    public LedgerEpoch? Epoch { get; private set; }

    public override ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => Ask("renew", async ledger =>
    {
        var renewal = await ledger.RenewAsync(epoch, default).ConfigureAwait(false);
        if (renewal.Status == LeaseStatus.Held) _world.Store.OnVerified();
        return renewal;
    });

    public override ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => _inner.ReleaseAsync(epoch, cancellationToken);

    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => Ask("recover", ledger => ledger.RecoverAsync(epoch, default));

    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        Ask("read", ledger => ledger.ReadBacklogAsync(afterSequence, count, default));

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        var copy = commit.Copied();
        return Ask("commit", ledger => Commit(ledger, commit, copy), copies: true);
    }

    private async ValueTask<CommitResult> Commit(AckLedger ledger, LedgerCommit commit, LedgerCommit asItWas)
    {
        // Nor may it be changed after a call that has failed, though this one is late, and no ledger may do that.
        if (!commit.Says(asItWas)) _world.Fail(new ViolationException($"commit {commit.Operation} was changed while the ledger had it"));
        var stored = Bug == PlantedBug.ForgetsReleases ? commit with { Releases = [] } : commit;
        var result = await ledger.CommitAsync(stored, default).ConfigureAwait(false);
        _world.Store.Durable.OnCommit(commit, result);
        if (result.Status is CommitStatus.Applied or CommitStatus.AppendsRefused or CommitStatus.KnownIds) _world.Store.OnVerified();
        return result;
    }

    public override ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken) => Ask("restore", async ledger =>
    {
        var result = await ledger.RestoreAsync(restore, default).ConfigureAwait(false);
        if (result.Status != RestoreStatus.Restored) return result;
        _world.Store.Durable.OnRestored(restore);
        _world.Store.OnVerified();
        return result;
    });

    public override ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) => _inner.GetOverviewAsync(cancellationToken);

    public override ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        _inner.ListPendingAsync(afterSequence, count, cancellationToken);

    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken) =>
        _inner.ListQuarantineAsync(afterNumber, count, cancellationToken);

    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) =>
        _inner.ListDeadLettersAsync(continuation, count, cancellationToken);

    public override ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken) => _inner.ReplayAsync(messageId, cancellationToken);

    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) => _inner.PurgeAsync(messageId, cancellationToken);

    public override ValueTask DisposeAsync() => _inner.DisposeAsync();

    /// <summary>Whoever lives has accepted again what the store has lost.</summary>
    public void AcceptAgain() => _ = _inner.FindAsync(_process.AcceptedIds, default).IsCompletedSuccessfully;

    private static IReadOnlyList<AcceptAnswer> Unstored(IReadOnlyList<LedgerRecord> records) =>
        [.. records.Select((record, i) => new AcceptAnswer(AcceptStatus.Accepted, record.HasApplicationId ? record.MessageId : MessageId.ForSequence(1, 900_000 + i), 900_000 + i))];
}
