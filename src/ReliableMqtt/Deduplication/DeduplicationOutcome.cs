namespace ReliableMqtt.Deduplication;

/// <summary>What became of one delivery.</summary>
public enum DeduplicationOutcome
{
    /// <summary>The handler has run to its end, and the store has noted it. Acknowledge it.</summary>
    Processed,

    /// <summary>A copy of a message that was handled before: the handler was not called. Acknowledge it.</summary>
    Duplicate,

    /// <summary>It had no id; the handler has run to its end. Acknowledge it.</summary>
    HandledWithoutId,

    /// <summary>It had no id, and was thrown away as <see cref="DeduplicationOptions.HandleWithoutId"/> says. Acknowledge it.</summary>
    IgnoredWithoutId,

    /// <summary>The handler has failed <see cref="DeduplicationOptions.MaxAttempts"/> times, and <see cref="DeduplicationOptions.GiveUpAsync"/> has taken the message. Acknowledge it.</summary>
    GivenUp,

    /// <summary>The handler has failed <see cref="DeduplicationOptions.MaxAttempts"/> times. Do not acknowledge it: the broker sends it again on the next connection.</summary>
    Failed,
}
