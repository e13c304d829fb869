namespace ReliableMqtt.Ledger;

/// <summary>What became of a commit.</summary>
public enum CommitStatus
{
    /// <summary>All of it is applied; the appends stand where they were asked to, or were moved (<see cref="CommitResult.FirstMoved"/>).</summary>
    Applied,

    /// <summary>
    /// All but the appends is applied: the store has no room for more. The one exception to "all or nothing": a ledger that is full must be
    /// able to drain. The operation number is used.
    /// </summary>
    AppendsRefused,

    /// <summary>Nothing is applied and the operation number is not used: some of the appended message ids are known already (<see cref="CommitResult.Known"/>).</summary>
    KnownIds,

    /// <summary>Nothing is applied: the epoch is stale.</summary>
    Fenced,

    /// <summary>
    /// Nothing is applied: the store has lost earlier writes. The owner must write back what it knows before anything else, with <see cref="AckLedger.RestoreAsync"/>,
    /// or start anew from <see cref="AckLedger.RecoverAsync"/>.
    /// </summary>
    RolledBack,
}

/// <summary>An appended message whose id the ledger knows already.</summary>
/// <param name="Index">Its index in <see cref="LedgerCommit.Appends"/>.</param>
/// <param name="Existing">What is true of the message with that id.</param>
public readonly record struct KnownAppend(int Index, StatusAnswer Existing);

/// <summary>The answer of <see cref="AckLedger.CommitAsync"/>.</summary>
public sealed record CommitResult
{
    /// <summary>What became of the commit.</summary>
    public required CommitStatus Status { get; init; }

    /// <summary>The highest sequence given out, after the commit.</summary>
    public long Tail { get; init; }

    /// <summary>
    /// When not 0: others had appended, so all appends of this commit stand in the backlog, in their order, the first with this sequence,
    /// each further one with the next; no packet id was taken by them.
    /// </summary>
    public long FirstMoved { get; init; }

    /// <summary>How many messages wait in the backlog, after the commit.</summary>
    public long BacklogCount { get; init; }

    /// <summary>
    /// For <see cref="CommitStatus.Fenced"/>: what became of this very commit while its epoch was current, as the answer that was lost then; one that is
    /// <see cref="CommitStatus.Fenced"/> itself says that it certainly was not applied. Null when the ledger no longer knows, which is only so after a further change of the owner.
    /// </summary>
    public CommitResult? Earlier { get; init; }

    /// <summary>For <see cref="CommitStatus.KnownIds"/>: which, in order of their index.</summary>
    public IReadOnlyList<KnownAppend> Known { get; init; } = [];
}
