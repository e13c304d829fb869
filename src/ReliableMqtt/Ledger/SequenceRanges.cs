using System.Globalization;

namespace ReliableMqtt.Ledger;

/// <summary>Sets of sequences as ranges.</summary>
internal static class SequenceRanges
{
    /// <summary>The same set in rising order, each range as long as it can be.</summary>
    public static List<SequenceRange> Merge(IEnumerable<SequenceRange> ranges)
    {
        var merged = new List<SequenceRange>();
        foreach (var range in ranges.Where(range => range.First <= range.Last).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1) merged[^1] = merged[^1] with { Last = Math.Max(merged[^1].Last, range.Last) };
            else merged.Add(range);
        }

        return merged;
    }

    /// <summary>Those of a text of <c>first-last</c>, with a space behind each; what begins otherwise is passed over.</summary>
    public static List<SequenceRange> Parse(string text)
    {
        var ranges = new List<SequenceRange>();
        foreach (var part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!char.IsAsciiDigit(part[0])) continue;
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            ranges.Add(new SequenceRange(long.Parse(part.AsSpan(0, dash), CultureInfo.InvariantCulture), long.Parse(part.AsSpan(dash + 1), CultureInfo.InvariantCulture)));
        }

        return ranges;
    }

    /// <summary>What is in the whole and in none of the merged ranges.</summary>
    public static List<SequenceRange> Without(this SequenceRange whole, IReadOnlyList<SequenceRange> merged)
    {
        var left = new List<SequenceRange>();
        var next = whole.First;
        foreach (var range in merged)
        {
            if (range.Last < next) continue;
            if (range.First > whole.Last) break;
            if (range.First > next) left.Add(new SequenceRange(next, range.First - 1));
            next = range.Last + 1;
        }

        if (next <= whole.Last) left.Add(new SequenceRange(next, whole.Last));
        return left;
    }

    /// <summary>Whether one of the merged ranges has it.</summary>
    public static bool Has(this IReadOnlyList<SequenceRange> merged, long sequence)
    {
        var (low, high) = (0, merged.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (merged[middle].Last < sequence) low = middle + 1;
            else high = middle;
        }

        return low < merged.Count && merged[low].First <= sequence;
    }
}
