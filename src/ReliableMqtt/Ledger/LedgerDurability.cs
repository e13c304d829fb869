namespace ReliableMqtt.Ledger;

/// <summary>What survives what, as far as the ledger can tell.</summary>
public enum LedgerDurabilityLevel
{
    /// <summary>The store does not say (for example because an access list forbids CONFIG).</summary>
    Unknown,

    /// <summary>Nothing survives the end of this process.</summary>
    Process,

    /// <summary>Accepted messages survive this process, but the store may lose its latest writes when it is killed or loses power.</summary>
    RecentWritesAtRisk,

    /// <summary>Every accepted message survives the kill of any process, and power loss.</summary>
    Durable,
}

/// <summary>The answer of <see cref="AckLedger.OpenAsync"/>.</summary>
/// <param name="Level">What survives what.</param>
/// <param name="Description">The same in words, with the settings that it was read from.</param>
public sealed record LedgerDurability(LedgerDurabilityLevel Level, string Description);
