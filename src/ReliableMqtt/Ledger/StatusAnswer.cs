namespace ReliableMqtt.Ledger;

/// <summary>What a ledger knows of a message id.</summary>
public enum LedgerStatus
{
    /// <summary>Nothing: never accepted, or finished so long ago that its outcome is no longer kept, or lost with the store.</summary>
    Unknown,

    /// <summary>Accepted, not finished: in the backlog or in flight.</summary>
    Pending,

    /// <summary>The broker has confirmed it.</summary>
    Confirmed,

    /// <summary>It is among the dead letters.</summary>
    DeadLettered,

    /// <summary>It expired before it was sent.</summary>
    Expired,

    /// <summary>It was a dead letter, and was thrown away by hand or by retention.</summary>
    Purged,
}

/// <summary>The answer for one message id.</summary>
/// <param name="MessageId">The id that was asked for.</param>
/// <param name="Status">What is true of it.</param>
/// <param name="Sequence">Its sequence, or 0 when that is not known.</param>
/// <param name="ReasonCode">The code that finished it, when known.</param>
/// <param name="FinishedAt">When it was finished, when known.</param>
public sealed record StatusAnswer(
    MessageId MessageId, LedgerStatus Status, long Sequence = 0, byte? ReasonCode = null, DateTimeOffset? FinishedAt = null)
{
    /// <summary>The same in the words of a receipt, where a dead letter with a reason code is <see cref="PublishOutcome.Rejected"/>.</summary>
    public PublishOutcome Outcome => Status switch
    {
        LedgerStatus.Pending => PublishOutcome.Pending,
        LedgerStatus.Confirmed => PublishOutcome.Confirmed,
        LedgerStatus.DeadLettered when ReasonCode is not null => PublishOutcome.Rejected,
        LedgerStatus.DeadLettered => PublishOutcome.DeadLettered,
        LedgerStatus.Expired => PublishOutcome.Expired,
        LedgerStatus.Purged => PublishOutcome.Purged,
        _ => PublishOutcome.Unknown,
    };
}
