namespace ReliableMqtt.Ledger;

/// <summary>How it stands with a lease.</summary>
public enum LeaseStatus
{
    /// <summary>Its holder dispatches on.</summary>
    Held,

    /// <summary>The epoch is stale: its holder must stop at once.</summary>
    Fenced,

    /// <summary>The store has lost writes of its holder, who must write back what it knows before anything else: <see cref="AckLedger.RestoreAsync"/>.</summary>
    RolledBack,
}

/// <summary>The answer of <see cref="AckLedger.RenewAsync"/>.</summary>
/// <param name="Status">How it stands with the lease.</param>
public sealed record LeaseRenewal(LeaseStatus Status)
{
    /// <summary>
    /// Sequences that the store may have lost unseen in this epoch without a loss of the owner's own: nobody gets them again, and what was accepted under
    /// them is unknown. All of the epoch so far; as a rule none.
    /// </summary>
    public IReadOnlyList<SequenceRange> Lost { get; init; } = [];
}
