using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests;

/// <summary>A ledger that is only there: for tests in which nothing may touch it.</summary>
internal class NoLedger : AckLedger
{
    public override string Kind => "none";

    public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<LeaseRenewal> RenewAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask ReleaseAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) => throw Touched();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static NotSupportedException Touched() => new("Nothing may touch this ledger.");
}
