using System.Diagnostics;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>How long each message took, from the call to its confirm, in ticks of the stopwatch: memory that is there before the first one begins.</summary>
internal sealed class Latencies(int messages)
{
    /// <summary>For messages whose latency nobody asks for.</summary>
    public static Latencies Ignored { get; } = new(0);

    private readonly long[] _ticks = new long[messages];

    public static long Now => Stopwatch.GetTimestamp();

    public void Record(int message, long started) => Record(message, started, Now);

    public void Record(int message, long started, long ended)
    {
        if (message < _ticks.Length) _ticks[message] = ended - started;
    }

    /// <summary>Microseconds, by nearest rank; sorts what was recorded.</summary>
    public IReadOnlyList<double> Percentiles(params ReadOnlySpan<double> percents)
    {
        Array.Sort(_ticks);
        var found = new double[percents.Length];
        for (var i = 0; i < percents.Length; i++)
            found[i] = _ticks[Math.Max(0, (int)Math.Ceiling(percents[i] / 100 * _ticks.Length) - 1)] * 1e6 / Stopwatch.Frequency;
        return found;
    }
}
