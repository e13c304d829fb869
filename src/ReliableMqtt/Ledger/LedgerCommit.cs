using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>
/// One group commit of the owner. The sections are applied as if in the order of the properties below, and all or nothing.
/// A packet id that a section frees is not given out in the same commit.
/// </summary>
/// <remarks>
/// The lists of one that <see cref="AckLedger.CommitAsync"/> is given are valid until that call has completed: their maker fills them anew then. An implementation that keeps anything copies it.
/// </remarks>
public sealed record LedgerCommit
{
    /// <summary>The fencing token.</summary>
    public required LedgerEpoch Epoch { get; init; }

    /// <summary>Exactly one above the last applied operation of this epoch.</summary>
    public required long Operation { get; init; }

    /// <summary>
    /// The tail that the owner has seen. When others have appended since, all <see cref="Appends"/> of this commit go behind theirs, into the
    /// backlog, under new sequences; see <see cref="CommitResult.FirstMoved"/>.
    /// </summary>
    public required long ExpectedTail { get; init; }

    /// <summary>When the commit was made.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>In-flight entries that the broker has confirmed: removed, their outcome is kept.</summary>
    public IReadOnlyList<ConfirmOp> Confirms { get; init; } = [];

    /// <summary>Sent → Released (W3).</summary>
    public IReadOnlyList<ReleaseOp> Releases { get; init; } = [];

    /// <summary>In-flight entries that move to the dead letters, in their order.</summary>
    public IReadOnlyList<DeadLetterOp> DeadLetters { get; init; } = [];

    /// <summary>In-flight entries that get a new state, and perhaps another packet id: a refused one is parked, or is sent anew.</summary>
    public IReadOnlyList<MoveOp> Moves { get; init; } = [];

    /// <summary>The oldest messages of the backlog that leave it unsent, in order: expired, or dead-lettered.</summary>
    public IReadOnlyList<DropOp> Drops { get; init; } = [];

    /// <summary>The next oldest messages of the backlog that become in flight, in order (W2).</summary>
    public IReadOnlyList<AssignOp> Assigns { get; init; } = [];

    /// <summary>
    /// New messages, in order: first those that become in flight at once (W1 and W2 in one), allowed only when <see cref="Drops"/> and
    /// <see cref="Assigns"/> empty the backlog; then those for the backlog.
    /// </summary>
    public IReadOnlyList<AppendOp> Appends { get; init; } = [];

    /// <summary>The new state of the session at the broker; null leaves it.</summary>
    public BrokerSession? Session { get; init; }

    /// <summary>Every message with a sequence below this is finished. Never falls.</summary>
    public long LowestUnfinished { get; init; }
}

/// <summary>A confirmed entry.</summary>
/// <param name="PacketId">Its packet id.</param>
/// <param name="Sequence">Its sequence.</param>
/// <param name="MessageId">Its message id.</param>
/// <param name="ReasonCode">The code of the PUBACK, or of the PUBREC at QoS 2.</param>
/// <param name="Acceptor">The acceptor of its record, who is told; 0 for nobody.</param>
/// <param name="Record">Its record, if it is at hand: a ledger may tell a large entry by its length alone then. Null is always right.</param>
public readonly record struct ConfirmOp(PacketId PacketId, long Sequence, MessageId MessageId, byte ReasonCode, ulong Acceptor = 0, LedgerRecord? Record = null);

/// <summary>A released entry.</summary>
/// <param name="PacketId">Its packet id.</param>
/// <param name="ReleaseOrder">The place of its PUBREC among the PUBRECs.</param>
public readonly record struct ReleaseOp(PacketId PacketId, long ReleaseOrder);

/// <summary>An in-flight entry that is given up.</summary>
/// <param name="PacketId">Its packet id.</param>
/// <param name="Sequence">Its sequence.</param>
/// <param name="MessageId">Its message id.</param>
/// <param name="Reason">Why.</param>
/// <param name="Acceptor">The acceptor of its record, who is told; 0 for nobody.</param>
public readonly record struct DeadLetterOp(PacketId PacketId, long Sequence, MessageId MessageId, DeadLetterReason Reason, ulong Acceptor = 0);

/// <summary>An entry that gets a new state.</summary>
/// <param name="PacketId">Its packet id.</param>
/// <param name="NewPacketId">Its packet id from now on; may be the same.</param>
/// <param name="State">Its state from now on.</param>
public readonly record struct MoveOp(PacketId PacketId, PacketId NewPacketId, InflightState State);

/// <summary>A message that leaves the head of the backlog unsent.</summary>
/// <param name="Sequence">Its sequence: must be that of the head.</param>
/// <param name="MessageId">Its message id.</param>
/// <param name="Reason">Why it is dead-lettered; null when it expired.</param>
/// <param name="Acceptor">The acceptor of its record, who is told; 0 for nobody.</param>
public readonly record struct DropOp(long Sequence, MessageId MessageId, DeadLetterReason? Reason, ulong Acceptor = 0);

/// <summary>A message that leaves the head of the backlog to be sent.</summary>
/// <param name="Sequence">Its sequence: must be that of the head.</param>
/// <param name="PacketId">Its packet id, which must be free.</param>
public readonly record struct AssignOp(long Sequence, PacketId PacketId);

/// <summary>A new message.</summary>
/// <param name="Record">The message, with the sequence that it has if the tail is as expected.</param>
/// <param name="PacketId">Its packet id, which must be free; null for the backlog.</param>
public readonly record struct AppendOp(LedgerRecord Record, PacketId? PacketId);
