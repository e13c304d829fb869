namespace ReliableMqtt.Ledger;

/// <summary>The fencing token of one ownership of a ledger: every dispatching write carries it, and a stale one changes nothing.</summary>
/// <param name="Token">Opaque text, new for each acquisition.</param>
public readonly record struct LedgerEpoch(string Token);
