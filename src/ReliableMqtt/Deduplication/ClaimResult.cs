namespace ReliableMqtt.Deduplication;

/// <summary>What a store says to who wants to handle a message.</summary>
public enum ClaimStatus
{
    /// <summary>It is the caller's to handle, for the time that was asked for.</summary>
    Claimed,

    /// <summary>It was handled before: this is a copy.</summary>
    AlreadyProcessed,

    /// <summary>Another one has it in hand, or has died with it.</summary>
    InProgress,
}

/// <summary>The answer of <see cref="ProcessedMessageStore.ClaimAsync"/>.</summary>
/// <param name="Status">What it is.</param>
/// <param name="RetryAfter">With <see cref="ClaimStatus.InProgress"/>: when the other's claim runs out, unless it is prolonged. Otherwise zero.</param>
public readonly record struct ClaimResult(ClaimStatus Status, TimeSpan RetryAfter = default);

/// <summary>What a store says to who has handled a message.</summary>
public enum MarkStatus
{
    /// <summary>The message counts as handled, by this claim; also when it was said before.</summary>
    Marked,

    /// <summary>Another claim has handled it meanwhile. Nothing was changed.</summary>
    AlreadyProcessed,

    /// <summary>The claim had run out, and another one has the message in hand. Nothing was changed.</summary>
    ClaimLost,
}
