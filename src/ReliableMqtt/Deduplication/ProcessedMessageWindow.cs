namespace ReliableMqtt.Deduplication;

/// <summary>
/// How long a store remembers that a message was handled. Whichever bound is reached first ends it, and a copy that comes later is handled again. Give all processes of one
/// receiver the same one.
/// </summary>
public sealed record ProcessedMessageWindow
{
    /// <summary>
    /// How long a handled message is remembered. It should outlast <c>SessionExpiry</c> and the longest outage of a publisher, since a message in flight may be sent again after it. At least 1 ms.
    /// Default 7 days.
    /// </summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How many handled messages are remembered for each publisher id; with more the oldest are forgotten. It should be above the publisher's <c>MaxInFlight</c>, since so many
    /// messages may come between a message and its copy; more where dead letters are replayed. At least 1. Default 100,000.
    /// </summary>
    public int MaxEntries { get; init; } = 100_000;

    internal ProcessedMessageWindow Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Retention, TimeSpan.FromMilliseconds(1), nameof(Retention));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxEntries, 1, nameof(MaxEntries));
        return this;
    }
}
