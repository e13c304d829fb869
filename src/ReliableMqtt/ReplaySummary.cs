namespace ReliableMqtt;

/// <summary>What became of <see cref="DeadLetterBox.ReplayAllAsync"/>.</summary>
/// <param name="Replayed">So many are pending again.</param>
/// <param name="Skipped">So many were no dead letters any more when their turn came: replayed or purged by somebody else.</param>
/// <param name="StoppedFull">The ledger was full, so the rest was not tried: replay again later.</param>
public readonly record struct ReplaySummary(long Replayed, long Skipped, bool StoppedFull);
