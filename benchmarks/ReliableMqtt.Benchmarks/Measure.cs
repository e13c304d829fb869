using System.Diagnostics;

namespace ReliableMqtt.Benchmarks;

/// <summary>What one run cost.</summary>
internal sealed record Measure(double Rate, double CpuMicroseconds, double Bytes)
{
    public static async Task<Measure> OfAsync(int messages, Func<Task> run)
    {
        using var process = Process.GetCurrentProcess();
        GC.Collect();
        var (cpu, bytes, started) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
        await run();
        var elapsed = Stopwatch.GetElapsedTime(started);
        process.Refresh();
        return new Measure(messages / elapsed.TotalSeconds, (process.TotalProcessorTime - cpu).TotalMicroseconds / messages,
            (GC.GetTotalAllocatedBytes() - bytes) / (double)messages);
    }
}
