using System.ComponentModel;
using System.Diagnostics;

namespace ReliableMqtt.Mutation;

/// <summary>The processor time of another process: on a busy machine the clock on the wall says little of how long something takes.</summary>
internal sealed class ProcessorClock(Process process)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(50);

    // What waits for something that never comes takes no processor time.
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromMinutes(3);

    /// <summary>What was used when it was last looked at.</summary>
    public TimeSpan Used { get; private set; }

    /// <summary>Waits for a task. False when the process has used more than this meanwhile, or does nothing for long; the task is then still running.</summary>
    public async Task<bool> WaitAsync(Task task, TimeSpan patience, CancellationToken stop)
    {
        var begun = Look();
        var (last, lastAt) = (begun, Stopwatch.GetTimestamp());
        while (await Task.WhenAny(task, Task.Delay(Often, stop)) != task)
        {
            stop.ThrowIfCancellationRequested();
            var now = Look();
            if (now - begun > patience) return false;
            if (now - last > TimeSpan.FromMilliseconds(500)) (last, lastAt) = (now, Stopwatch.GetTimestamp());
            if (Stopwatch.GetElapsedTime(lastAt) > LongestStandstill) return false;
        }

        return true;
    }

    private TimeSpan Look()
    {
        try
        {
            process.Refresh();
            return Used = process.TotalProcessorTime;
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            return Used; // It has just ended.
        }
    }
}
