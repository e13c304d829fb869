namespace ReliableMqtt;

/// <summary>A snapshot of a publisher.</summary>
public sealed record PublisherStatus
{
    /// <summary>The connection.</summary>
    public required ConnectionState Connection { get; init; }

    /// <summary>True when this process dispatches for the publisher id.</summary>
    public bool IsOwner { get; init; }

    /// <summary>False while the ledger does not answer: nothing is accepted then. Noticed by the next call of it, after a third of the lease at the latest.</summary>
    public bool IsLedgerAvailable { get; init; } = true;

    /// <summary>The ledger has no room: callers wait or are refused, as <see cref="ReliablePublisherOptions.Overflow"/> says.</summary>
    public bool IsLedgerFull { get; init; }

    /// <summary>What the ledger said of its durability at the start.</summary>
    public Ledger.LedgerDurability? Durability { get; init; }

    /// <summary>Messages accepted and not finished, as this process knows it: in flight, parked, and in the backlog.</summary>
    public long Pending { get; init; }

    /// <summary>Messages with a packet id.</summary>
    public int InFlight { get; init; }

    /// <summary>How long the oldest unfinished message has waited; null when there is none, or its record is not in memory.</summary>
    public TimeSpan? OldestAge { get; init; }

    /// <summary>Messages confirmed by this process.</summary>
    public long Confirmed { get; init; }

    /// <summary>Messages that this process gave up and put among the dead letters.</summary>
    public long DeadLettered { get; init; }

    /// <summary>Connections that followed an earlier one.</summary>
    public long Reconnects { get; init; }

    /// <summary>Handshakes that were resumed with their packet id on a later connection, or by a later process: PUBLISH with DUP, or PUBREL.</summary>
    public long Resumed { get; init; }
}
