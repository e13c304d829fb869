using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>A message that is accepted and not finished, as it stands in the ledger.</summary>
public sealed record PendingEntry
{
    /// <summary>The message; null when its record cannot be read.</summary>
    public LedgerRecord? Record { get; init; }

    /// <summary>Its packet id when it is in flight; null in the backlog.</summary>
    public PacketId? PacketId { get; init; }

    /// <summary>Where its handshake stands when it is in flight; null in the backlog, and when that cannot be read.</summary>
    public InflightState? State { get; init; }

    /// <summary>Why it cannot be read; completes "The record …". Null when it can. The owner will put it into quarantine when it comes upon it.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// How often it was sent as a new message, as far as the ledger knows: one more than it was refused when it is in flight. Resends of an unfinished handshake do not count.
    /// </summary>
    public int Attempts => State is { } state ? state.Refusals + (state.Stage == InflightStage.Parked ? 0 : 1) : Record?.Refusals ?? 0;
}

/// <summary>A page of pending messages.</summary>
/// <param name="Items">In the order of their sequences. One whose sequence cannot be read stands where it was found: those in flight at the beginning.</param>
/// <param name="NextAfter">The sequence that the next page begins behind; null when this is the last.</param>
public sealed record PendingPage(IReadOnlyList<PendingEntry> Items, long? NextAfter);
