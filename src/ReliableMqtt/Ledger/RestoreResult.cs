namespace ReliableMqtt.Ledger;

/// <summary>What became of a restore.</summary>
public enum RestoreStatus
{
    /// <summary>The store has all of it, and the owner goes on.</summary>
    Restored,

    /// <summary>Nothing is written: another process has acquired since, or another ledger has begun in the place of the lost one.</summary>
    Fenced,
}

/// <summary>The answer of <see cref="AckLedger.RestoreAsync"/>.</summary>
public sealed record RestoreResult
{
    /// <summary>What became of the restore.</summary>
    public required RestoreStatus Status { get; init; }

    /// <summary>The highest sequence given out from now on: above all that may have been given out before.</summary>
    public long Tail { get; init; }

    /// <summary>How many messages wait in the backlog.</summary>
    public long BacklogCount { get; init; }

    /// <summary>
    /// Sequences that the store has lost, or may have lost, and that the owner did not know: what was accepted under them is unknown, unless the process that accepted it
    /// sends it again. Nobody gets them again.
    /// </summary>
    public IReadOnlyList<SequenceRange> Lost { get; init; } = [];
}
