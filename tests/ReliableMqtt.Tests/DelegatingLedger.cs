using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests;

/// <summary>A ledger that hands every call to another one: a test overrides what it wants to go wrong.</summary>
internal class DelegatingLedger(AckLedger inner) : AckLedger
{
    public override string Kind => inner.Kind;

    public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => inner.OpenAsync(options, cancellationToken);

    public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) =>
        inner.AcceptAsync(records, cancellationToken);

    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken) =>
        inner.FindAsync(messageIds, cancellationToken);

    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => inner.GetStatisticsAsync(cancellationToken);

    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) => inner.AcquireAsync(cancellationToken);

    public override ValueTask<bool> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => inner.RenewAsync(epoch, cancellationToken);

    public override ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => inner.ReleaseAsync(epoch, cancellationToken);

    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => inner.RecoverAsync(epoch, cancellationToken);

    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
        inner.ReadBacklogAsync(afterSequence, count, cancellationToken);

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) => inner.CommitAsync(commit, cancellationToken);

    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) =>
        inner.ListDeadLettersAsync(continuation, count, cancellationToken);

    public override ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken) => inner.ReplayAsync(messageId, cancellationToken);

    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) => inner.PurgeAsync(messageId, cancellationToken);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
