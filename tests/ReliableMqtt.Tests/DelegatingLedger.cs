using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests;

/// <summary>A ledger that hands every call to another one: a test overrides what it wants to go wrong.</summary>
internal class DelegatingLedger : AckLedger
{
    private readonly AckLedger _inner;

    public DelegatingLedger(AckLedger inner, bool passesEvents = true)
    {
        _inner = inner;
        if (!passesEvents) return;
        inner.Changed += OnChanged;
        inner.Finished += OnFinished;
    }

    public override string Kind => _inner.Kind;

    public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => _inner.OpenAsync(options, cancellationToken);

    public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) =>
        _inner.AcceptAsync(records, cancellationToken);

    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken) =>
        _inner.FindAsync(messageIds, cancellationToken);

    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => _inner.GetStatisticsAsync(cancellationToken);

    public override ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) => _inner.GetOverviewAsync(cancellationToken);

    public override ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        _inner.ListPendingAsync(afterSequence, count, cancellationToken);

    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken) =>
        _inner.ListQuarantineAsync(afterNumber, count, cancellationToken);

    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) => _inner.AcquireAsync(cancellationToken);

    public override ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => _inner.RenewAsync(epoch, cancellationToken);

    public override ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => _inner.ReleaseAsync(epoch, cancellationToken);

    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => _inner.RecoverAsync(epoch, cancellationToken);

    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        _inner.ReadBacklogAsync(afterSequence, count, cancellationToken);

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) => _inner.CommitAsync(commit, cancellationToken);

    public override ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken) => _inner.RestoreAsync(restore, cancellationToken);

    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) =>
        _inner.ListDeadLettersAsync(continuation, count, cancellationToken);

    public override ValueTask<DeadLetter?> FindDeadLetterAsync(MessageId messageId, CancellationToken cancellationToken) =>
        _inner.FindDeadLetterAsync(messageId, cancellationToken);

    public override ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken) => _inner.ReplayAsync(messageId, cancellationToken);

    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) => _inner.PurgeAsync(messageId, cancellationToken);

    public override ValueTask DisposeAsync() => _inner.DisposeAsync();
}
