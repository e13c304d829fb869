using System.Globalization;

namespace ReliableMqtt.Torture.Processes;

/// <summary>Samples the working set of a process.</summary>
internal sealed class MemoryWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _closing = new();
    private readonly Task _watching;
    private long _most;

    private MemoryWatch(int processId) => _watching = WatchAsync(processId);

    /// <summary>The largest sample so far, in bytes.</summary>
    public long Most => Volatile.Read(ref _most);

    public static MemoryWatch Start(int processId) => new(processId);

    /// <summary>The working set of a process now, in bytes; null when it is gone. proc(5), status: VmRSS.</summary>
    public static long? Read(int processId)
    {
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/status")).FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? null : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _watching;
        _closing.Dispose();
    }

    private async Task WatchAsync(int processId)
    {
        while (!_closing.IsCancellationRequested && Read(processId) is { } sample)
        {
            if (sample > _most) Volatile.Write(ref _most, sample);
            await Task.WhenAny(Task.Delay(Interval, _closing.Token));
        }
    }
}
