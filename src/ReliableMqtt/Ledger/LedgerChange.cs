namespace ReliableMqtt.Ledger;

/// <summary>Why <see cref="AckLedger.Changed"/> is raised.</summary>
public enum LedgerChange
{
    /// <summary>Somebody has put a message into an empty backlog: work for the owner.</summary>
    Backlog,

    /// <summary>The lease was given back: whoever wants to own may ask now.</summary>
    Lease,

    /// <summary>The connection to the store was broken and is there again: anything may have happened.</summary>
    Connection,
}
