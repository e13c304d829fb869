namespace ReliableMqtt;

/// <summary>
/// What becomes of messages in flight when the broker has forgotten the session (CONNACK with Session Present 0): MQTT cannot tell whether
/// they arrived.
/// </summary>
public enum SessionLossPolicy
{
    /// <summary>They are published again as new messages: nothing is lost, duplicates are possible.</summary>
    Republish,

    /// <summary>They become dead letters for a human to look at: no duplicate, and nothing is delivered twice.</summary>
    DeadLetter,
}

/// <summary>What may overtake a message that the broker refused for a time.</summary>
public enum PublishOrdering
{
    /// <summary>Nothing that was not sent yet: it waits until the refused message is settled. What is in flight may pass it; a window of 1 forbids that too.</summary>
    Strict,

    /// <summary>Everything: the refused message is sent anew when its time has come.</summary>
    None,
}

/// <summary>What happens to a publishing call while the ledger is full.</summary>
public enum OverflowPolicy
{
    /// <summary>It waits for room until its timeout, then fails with <see cref="PublishFailure.LedgerFull"/>; nothing is stored.</summary>
    Wait,

    /// <summary>It fails at once with <see cref="PublishFailure.LedgerFull"/>; nothing is stored.</summary>
    Reject,
}
