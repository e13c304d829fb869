using ReliableMqtt.Ledger;

namespace ReliableMqtt.Session;

/// <summary>A set of sequences as ranges. What comes in is mostly the next one of a range, and then costs nothing.</summary>
internal sealed class SequenceSet
{
    /// <summary>More gaps than that are not remembered: the lowest ranges are let go.</summary>
    private const int RangesAtMost = 4_096;

    private readonly List<SequenceRange> _ranges = [];

    /// <summary>In rising order, none of them touching the next.</summary>
    public IReadOnlyList<SequenceRange> Ranges => _ranges;

    public void Add(long sequence)
    {
        // The first range that begins above it; as a rule there is none.
        var next = _ranges.Count;
        while (next > 0 && _ranges[next - 1].First > sequence) next--;
        var extends = next > 0 && _ranges[next - 1].Last >= sequence - 1;
        var meets = next < _ranges.Count && _ranges[next].First == sequence + 1;
        if (extends && _ranges[next - 1].Last >= sequence) return;
        if (extends && meets)
        {
            _ranges[next - 1] = new SequenceRange(_ranges[next - 1].First, _ranges[next].Last);
            _ranges.RemoveAt(next);
        }
        else if (extends) _ranges[next - 1] = _ranges[next - 1] with { Last = sequence };
        else if (meets) _ranges[next] = _ranges[next] with { First = sequence };
        else _ranges.Insert(next, new SequenceRange(sequence, sequence));
        if (_ranges.Count > RangesAtMost) _ranges.RemoveAt(0);
    }
}
