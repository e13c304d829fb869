using System.Diagnostics;

namespace ReliableMqtt.Torture.Processes;

/// <summary>Waits that may end in vain: what was not to be had is then for the report to say.</summary>
internal static class Patience
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>True as soon as the condition holds, false when it does not within the time.</summary>
    public static Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit, CancellationToken stop) => UntilAsync(() => Task.FromResult(condition()), limit, stop);

    /// <inheritdoc cref="UntilAsync(Func{bool}, TimeSpan, CancellationToken)" />
    public static async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit) return false;
            await Task.Delay(PollInterval, stop);
        }

        return true;
    }

    /// <summary>True as soon as a number that rises has reached the goal, false when it has not risen for so long.</summary>
    public static async Task<bool> ReachesAsync(Func<long> number, long goal, TimeSpan idle, CancellationToken stop)
    {
        var (last, since) = (number(), Stopwatch.GetTimestamp());
        while (last < goal)
        {
            await Task.Delay(PollInterval, stop);
            var now = number();
            if (now > last) (last, since) = (now, Stopwatch.GetTimestamp());
            else if (Stopwatch.GetElapsedTime(since) > idle) return false;
        }

        return true;
    }

    /// <summary>True when the task ends within the time. It may fail later, unseen.</summary>
    public static async Task<bool> EndsAsync(Task task, TimeSpan limit, CancellationToken stop)
    {
        try
        {
            await task.WaitAsync(limit, stop);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
