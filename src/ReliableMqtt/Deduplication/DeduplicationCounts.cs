namespace ReliableMqtt.Deduplication;

/// <summary>What has become of deliveries since this object was made, in this process.</summary>
/// <param name="Processed">Handled, and marked as such.</param>
/// <param name="Duplicates">Copies that were recognised; the handler was not called.</param>
/// <param name="WithoutId">Messages without an id, handled or thrown away.</param>
/// <param name="GivenUp">Taken by <see cref="DeduplicationOptions.GiveUpAsync"/>.</param>
/// <param name="Failed">Left unacknowledged after the last attempt.</param>
/// <param name="ClaimsLost">Runs of the handler that ended after their claim had run out and another had taken the message: its effect may have happened twice.</param>
public sealed record DeduplicationCounts(long Processed, long Duplicates, long WithoutId, long GivenUp, long Failed, long ClaimsLost);
