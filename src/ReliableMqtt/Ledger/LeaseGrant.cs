namespace ReliableMqtt.Ledger;

/// <summary>The answer to <see cref="AckLedger.AcquireAsync"/>.</summary>
/// <param name="Epoch">The fencing token, or null when somebody else holds the lease.</param>
/// <param name="Holder">Who holds it otherwise, in words.</param>
/// <param name="RetryAfter">When it makes sense to ask again.</param>
public sealed record LeaseGrant(LedgerEpoch? Epoch, string? Holder = null, TimeSpan RetryAfter = default);
