using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: a commit is said to be stored at once, and is stored a while later.</summary>
internal sealed class EarlyLedger(AckLedger inner) : DelegatingLedger(inner)
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    private Task _writing = Task.CompletedTask;
    private long _backlog;

    public override async ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        await _writing;
        var recovered = await base.RecoverAsync(epoch, cancellationToken);
        _backlog = recovered.BacklogCount;
        return recovered;
    }

    public override async ValueTask<IReadOnlyList<Messages.LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken)
    {
        await _writing;
        return await base.ReadBacklogAsync(afterSequence, count, cancellationToken);
    }

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
    {
        _writing = WriteAsync(_writing, commit.Copied(), cancellationToken);
        _backlog += commit.Appends.Count(append => append.PacketId is null) - commit.Drops.Count - commit.Assigns.Count;
        return new(new CommitResult { Status = CommitStatus.Applied, Tail = commit.ExpectedTail + commit.Appends.Count, BacklogCount = _backlog });
    }

    private async Task WriteAsync(Task before, LedgerCommit commit, CancellationToken cancellationToken)
    {
        await Task.Delay(Delay, cancellationToken);
        await before;
        await base.CommitAsync(commit, cancellationToken);
    }
}
