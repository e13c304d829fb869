using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>Why a message was given up.</summary>
public enum DeadLetterCause
{
    /// <summary>The broker refused it for good, or too often; see the reason code.</summary>
    Rejected,

    /// <summary>The broker lost the session while the message was in flight, and the policy says not to risk a duplicate.</summary>
    SessionLost,

    /// <summary>The broker that is connected now cannot take it: Maximum QoS, Retain Available or Maximum Packet Size.</summary>
    BrokerLimit,

    /// <summary>The connection died again and again with this message in flight.</summary>
    Poison,
}

/// <summary>Why a message was given up, with the broker's words.</summary>
/// <param name="Cause">The kind.</param>
/// <param name="ReasonCode">The MQTT reason code, when the broker gave one.</param>
/// <param name="Text">The broker's reason string, or our own words.</param>
public sealed record DeadLetterReason(DeadLetterCause Cause, byte? ReasonCode = null, string? Text = null);

/// <summary>A message that was given up, kept for a human.</summary>
/// <param name="Record">The message.</param>
/// <param name="Reason">Why it was given up.</param>
/// <param name="FailedAt">When.</param>
public sealed record DeadLetter(LedgerRecord Record, DeadLetterReason Reason, DateTimeOffset FailedAt)
{
    /// <summary>Its place in the order of the failing: above that of every message that failed before. A message that is replayed and fails again gets another one.</summary>
    public long Number { get; init; }
}

/// <summary>A page of dead letters.</summary>
/// <param name="Items">In the order of their failing.</param>
/// <param name="Continuation">To be passed for the next page; null when this is the last.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetter> Items, string? Continuation)
{
    /// <summary>The highest <see cref="DeadLetter.Number"/> in the ledger when the page was read; 0 when there are none.</summary>
    public long Youngest { get; init; }
}

/// <summary>What became of a replay.</summary>
public enum ReplayStatus
{
    /// <summary>It is pending again.</summary>
    Replayed,

    /// <summary>There is no such dead letter.</summary>
    NotFound,

    /// <summary>Its id is pending or confirmed, so it must not be sent again.</summary>
    AlreadyLive,

    /// <summary>The ledger is full.</summary>
    Full,
}

/// <summary>The answer of <see cref="AckLedger.ReplayAsync"/>.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Sequence">Its new sequence when replayed.</param>
public readonly record struct ReplayAnswer(ReplayStatus Status, long Sequence = 0);
