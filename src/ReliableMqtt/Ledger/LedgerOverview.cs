namespace ReliableMqtt.Ledger;

/// <summary>How it stands with the right to dispatch.</summary>
public enum LeaseState
{
    /// <summary>Nobody has it: it was never taken, or given back. Whoever asks gets it at once.</summary>
    Free,

    /// <summary>Somebody has it.</summary>
    Held,

    /// <summary>It has run out, and nobody has taken it. Its owner is gone, or does not reach the store; if it is there still, it goes on as the owner until another asks.</summary>
    Expired,

    /// <summary>The store was restarted, and its last owner goes first for the time of one lease.</summary>
    Grace,
}

/// <summary>Who dispatches for a publisher id, and where its ledger stands.</summary>
/// <param name="Lease">How it stands with the right to dispatch.</param>
/// <param name="Owner">Who has the lease, or had it last, in words for people; null when it is free.</param>
/// <param name="LeaseRemaining">How long the lease lasts without renewal; null unless it is held, or kept for the last owner.</param>
/// <param name="LastOperation">The number of the last applied commit of the current or last owner; 0 when there is none.</param>
/// <param name="Tail">The highest sequence given out.</param>
/// <param name="Session">What is known of the session at the broker.</param>
public sealed record LedgerOverview(
    LeaseState Lease, string? Owner, TimeSpan? LeaseRemaining, long LastOperation, long Tail, BrokerSession Session);
