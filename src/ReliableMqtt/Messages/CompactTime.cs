namespace ReliableMqtt.Messages;

/// <summary>A time, or none, in 8 bytes where a <c>DateTimeOffset?</c> takes 24: there are several for each message in flight. In UTC, which is all that is ever said of one here.</summary>
internal readonly record struct CompactTime
{
    // One more than the ticks, so that nothing is none.
    private readonly long _ticks;

    private CompactTime(DateTimeOffset? time) => _ticks = time is { } at ? at.UtcTicks + 1 : 0;

    public static implicit operator CompactTime(DateTimeOffset? time) => new(time);

    public static implicit operator DateTimeOffset?(CompactTime time) => time._ticks == 0 ? null : new DateTimeOffset(time._ticks - 1, TimeSpan.Zero);
}
