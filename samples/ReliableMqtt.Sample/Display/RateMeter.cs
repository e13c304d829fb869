using System.Globalization;

namespace ReliableMqtt.Sample.Display;

/// <summary>Turns a growing count into a rate.</summary>
internal sealed class RateMeter
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private (long Time, long Count, string Text) _last = (TimeProvider.System.GetTimestamp(), 0, "0/s");

    /// <summary>The rate since the last time it was asked for; for one reader. Asked again within a second it says the same.</summary>
    public string Current(long count)
    {
        var elapsed = TimeProvider.System.GetElapsedTime(_last.Time);
        if (elapsed >= TimeSpan.FromSeconds(1))
            _last = (TimeProvider.System.GetTimestamp(), count, Format(count - _last.Count, elapsed));
        return _last.Text;
    }

    /// <summary>The rate since the start.</summary>
    public string Overall(long count) => Format(count, TimeProvider.System.GetElapsedTime(_start));

    private static string Format(long count, TimeSpan elapsed) =>
        string.Create(CultureInfo.InvariantCulture, $"{count / Math.Max(elapsed.TotalSeconds, 0.001):0}/s");
}
