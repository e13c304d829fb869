using System.Diagnostics;

namespace ReliableMqtt.Torture.Checks;

/// <summary>How long publishers needed after faults.</summary>
internal static class Recoveries
{
    /// <summary>
    /// For each fault the seconds from its end to the publisher's next confirm, in rising order. One that is followed by another fault before there was a confirm is not
    /// counted: the time is that of the other one.
    /// </summary>
    public static IReadOnlyList<double> Of(string publisher, IReadOnlyList<Fault> faults, IEnumerable<long> confirms)
    {
        long[] told = [.. confirms.Order()];
        var own = faults.Where(fault => fault.Concerns(publisher) && fault.End != long.MaxValue).ToList();
        List<double> seconds = [];
        foreach (var fault in own)
        {
            var place = Array.BinarySearch(told, fault.End);
            if (place < 0) place = ~place;
            if (place == told.Length) continue; // Nothing was left to be confirmed.
            var next = told[place];
            if (own.Exists(other => other != fault && other.End > fault.End && other.Start < next)) continue;
            seconds.Add(Stopwatch.GetElapsedTime(fault.End, next).TotalSeconds);
        }

        seconds.Sort();
        return seconds;
    }

    /// <summary>The time that so many of a hundred do not exceed; 0 for none.</summary>
    public static double Percentile(IReadOnlyList<double> sorted, int percent) => sorted.Count == 0 ? 0 : sorted[(int)Math.Ceiling(sorted.Count * percent / 100.0) - 1];
}
