using System.Buffers;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

/// <summary>What can come into the pump.</summary>
internal enum PumpInputKind
{
    /// <summary>A new message: <see cref="PumpInput.Record"/>, <see cref="PumpInput.Subject"/> is its ticket.</summary>
    Publish,

    /// <summary>An ack of connection <see cref="PumpInput.ConnectionId"/>.</summary>
    Ack,

    /// <summary>Acks of that connection that have come together: <see cref="PumpInput.Subject"/> is the <see cref="AckBatch"/>.</summary>
    Acks,

    /// <summary>A connection: <see cref="PumpInput.Subject"/> is its <see cref="ConnectionInfo"/>.</summary>
    Connected,

    /// <summary>The connection has answered a probe.</summary>
    Alive,

    /// <summary>The connection is gone: <see cref="PumpInput.Subject"/> is the <see cref="Session.ConnectionLoss"/>.</summary>
    ConnectionLost,

    /// <summary>The ledger has answered a commit: <see cref="PumpInput.Subject"/> is the <see cref="CommitResult"/>.</summary>
    Committed,

    /// <summary>The ledger broke its contract for the session that is the <see cref="PumpInput.Subject"/>: what it holds is all that is sure.</summary>
    Broken,

    /// <summary>The ledger was found to have lost writes, by other means than a commit.</summary>
    RolledBack,

    /// <summary>The ledger has what it had lost, as far as this process knew it: <see cref="PumpInput.Subject"/> is the <see cref="RestoreAnswer"/>.</summary>
    Restored,

    /// <summary>The ledger may have lost these sequences unseen: <see cref="PumpInput.Subject"/> is the list of ranges.</summary>
    Lost,

    /// <summary>A page of the backlog has been read.</summary>
    Backlog,

    /// <summary>Others have put something into the backlog.</summary>
    Work,

    /// <summary>The ledger has counted: <see cref="PumpInput.Subject"/> is the <see cref="LedgerStatistics"/>.</summary>
    Counted,

    /// <summary>As <see cref="Counted"/>, for flushes; null when there was no answer.</summary>
    FlushCounted,

    /// <summary>Another process owns the publisher id, so messages are accepted into the backlog.</summary>
    Standby,

    /// <summary>The ledger has answered an accept: <see cref="PumpInput.Subject"/> is the <see cref="AcceptBatch"/>.</summary>
    Accepted,

    /// <summary>Messages that this process accepted have come to their end elsewhere: <see cref="PumpInput.Subject"/> is a list of <see cref="StatusAnswer"/>.</summary>
    Finished,

    /// <summary>The ledger has answered what became of messages: <see cref="PumpInput.Subject"/> is the <see cref="FoundAnswer"/>.</summary>
    Found,

    /// <summary>The lease is still held, so <see cref="PumpInput.Subject"/>, a <see cref="VerifiedConnection"/>, may be used.</summary>
    Verified,

    /// <summary>This process owns the publisher id now: <see cref="PumpInput.Subject"/> is the <see cref="NewSession"/>.</summary>
    Owned,

    /// <summary>This process no longer owns it.</summary>
    Disowned,

    /// <summary>Somebody waits for the end of a message that was accepted: <see cref="PumpInput.Subject"/> is the <see cref="EndWaiter"/>.</summary>
    Await,

    /// <summary>Somebody waits for the end of all that was accepted so far: <see cref="PumpInput.Subject"/> is the <see cref="FlushWaiter"/>.</summary>
    Flush,

    /// <summary>The clock has reached the session's wake-up time.</summary>
    Tick,
}

/// <summary>One input of the pump.</summary>
internal readonly record struct PumpInput(PumpInputKind Kind)
{
    public int ConnectionId { get; init; }

    public Ack Ack { get; init; }

    public LedgerRecord? Record { get; init; }

    public object? Subject { get; init; }
}

/// <summary>Acks in memory that is given back once they are handled.</summary>
internal sealed class AckBatch
{
    private readonly Ack[] _acks;
    private readonly int _count;

    public AckBatch(ReadOnlySpan<Ack> acks)
    {
        _acks = ArrayPool<Ack>.Shared.Rent(_count = acks.Length);
        acks.CopyTo(_acks);
    }

    public ReadOnlySpan<Ack> Acks => _acks.AsSpan(0, _count);

    public void GiveBack() => ArrayPool<Ack>.Shared.Return(_acks);
}

/// <summary>Waits for the end of an accepted message.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="MessageId">Its message id.</param>
/// <param name="Source">Set to the final receipt, or to null when only the ledger can tell.</param>
internal sealed record EndWaiter(long Sequence, MessageId MessageId, TaskCompletionSource<PublishReceipt?> Source);

/// <summary>Waits for the end of all that was given to the pump before it.</summary>
internal sealed class FlushWaiter
{
    public TaskCompletionSource Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Only what this process has to do itself is waited for: that its messages are in the ledger, and its waiters answered.</summary>
    public bool OwnOnly { get; init; }

    /// <summary>So many messages must have had their answer before <see cref="UpTo"/> is known.</summary>
    public long Given { get; set; }

    /// <summary>The ledger is counting for it.</summary>
    public bool IsCounting { get; set; }

    /// <summary>Everything up to this sequence must be finished.</summary>
    public long? UpTo { get; set; }
}
