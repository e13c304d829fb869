namespace ReliableMqtt.Ledger;

/// <summary>Where a record stood that could not be read.</summary>
public enum QuarantinePlace
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>It waited to be sent.</summary>
    Backlog,

    /// <summary>It had a packet id. The broker's session ends before that id is given out again.</summary>
    InFlight,

    /// <summary>It was a dead letter.</summary>
    DeadLetters,
}

/// <summary>A record that could not be read and was put aside: it is not sent, and it is never deleted.</summary>
/// <param name="Number">Its place in the order in which records were put aside, from 1; the same at each look.</param>
/// <param name="Place">Where it stood.</param>
/// <param name="Field">What it stood under there: the packet id, or the message id of a dead letter; empty in the backlog. Written by whoever wrote the store, so of any text.</param>
/// <param name="Reason">Why it could not be read. May quote what stands in the store.</param>
/// <param name="PutAsideAt">When it was put aside, by the store's clock; null when that is not known.</param>
/// <param name="Bytes">All of it, as it stood there. It may hold a payload.</param>
public sealed record QuarantinedRecord(
    long Number, QuarantinePlace Place, string Field, string Reason, DateTimeOffset? PutAsideAt, ReadOnlyMemory<byte> Bytes);

/// <summary>A page of records that were put aside.</summary>
/// <param name="Items">In the order of their numbers.</param>
/// <param name="NextAfter">The number that the next page begins behind; null when this is the last.</param>
public sealed record QuarantinePage(IReadOnlyList<QuarantinedRecord> Items, long? NextAfter);
