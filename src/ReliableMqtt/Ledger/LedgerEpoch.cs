namespace ReliableMqtt.Ledger;

/// <summary>The fencing token of one ownership of a ledger: every dispatching write carries it, and a stale one changes nothing.</summary>
/// <param name="Token">Opaque text, new for each acquisition.</param>
/// <param name="Previous">
/// What stood in its place before. A store that has this again has lost the acquisition itself, and nobody else has acquired since; see
/// <see cref="AckLedger.RestoreAsync"/>.
/// </param>
public readonly record struct LedgerEpoch(string Token, string Previous = "");
