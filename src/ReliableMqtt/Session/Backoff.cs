namespace ReliableMqtt.Session;

/// <summary>
/// Waits of exponential backoff with full jitter: each is drawn evenly from zero to a bound that doubles from wait to wait. The even draw is
/// what keeps many publishers, cut off by the same fault, from coming back in step.
/// </summary>
internal sealed class Backoff(TimeSpan min, TimeSpan max, Random random)
{
    private int _attempt;

    /// <summary>The next wait; its bound is twice that of the one before, from min up to max.</summary>
    public TimeSpan Next()
    {
        var wait = Draw(_attempt, min, max, random);
        if (_attempt < int.MaxValue) _attempt++;
        return wait;
    }

    /// <summary>What was waited for has succeeded: the next bound is min again.</summary>
    public void Reset() => _attempt = 0;

    /// <summary>Draws one wait, for callers that count attempts themselves.</summary>
    /// <param name="attempt">How many waits there were before this one: 0 draws up to <paramref name="min"/>.</param>
    /// <param name="min">The first bound, above zero.</param>
    /// <param name="max">The bound that the doubling stops at, not below <paramref name="min"/>.</param>
    /// <param name="random">Where the jitter comes from.</param>
    public static TimeSpan Draw(int attempt, TimeSpan min, TimeSpan max, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempt);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(min, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, min);
        return TimeSpan.FromTicks(random.NextInt64(Math.Min(Bound(attempt, min.Ticks, max.Ticks), long.MaxValue - 1) + 1));
    }

    // The comparison is made before the shift, which would overflow after some sixty attempts.
    private static long Bound(int attempt, long min, long max) => attempt > 62 || min > max >> attempt ? max : min << attempt;
}
