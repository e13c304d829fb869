using System.Runtime.CompilerServices;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Awaits conditions instead of guessing times.</summary>
public static class Eventually
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="reason">What should have come true: the words of the failure.</param>
    /// <param name="deadline">How long at most; 30 s when null.</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static Task Async(Func<bool> condition, string reason, TimeSpan? deadline = null) =>
        Async(() => Task.FromResult(condition()), () => reason, deadline);

    /// <inheritdoc cref="Async(Func{bool}, string, TimeSpan?)" />
    public static Task Async(Func<Task<bool>> condition, string reason, TimeSpan? deadline = null) => Async(condition, () => reason, deadline);

    /// <summary>The same with words that are made at the end of the wait, when there is something to tell.</summary>
    public static Task Async(Func<bool> condition, Func<string> reason, TimeSpan? deadline = null) =>
        Async(() => Task.FromResult(condition()), reason, deadline);

    /// <summary>The same with the condition itself for words.</summary>
    public static Task True(Func<bool> condition, int seconds = 20, [CallerArgumentExpression(nameof(condition))] string? what = null) =>
        Async(condition, what!, TimeSpan.FromSeconds(seconds));

    private static async Task Async(Func<Task<bool>> condition, Func<string> reason, TimeSpan? deadline)
    {
        var limit = deadline ?? TimeSpan.FromSeconds(30);
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
                throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {reason()}");
            await Task.Delay(PollInterval, Require.Cancellation);
        }
    }
}
