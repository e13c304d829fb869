using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>A ring of records with rising sequences: appending, taking the head and finding a sequence must not depend on its length.</summary>
internal sealed class InMemoryBacklog
{
    private LedgerRecord?[] _ring = new LedgerRecord?[16];
    private int _head;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public LedgerRecord this[int index] => _ring[Slot(index)]!;

    public void Append(LedgerRecord record)
    {
        if (Count == _ring.Length) Grow();
        _ring[Slot(Count++)] = record;
        Bytes += record.Size;
    }

    public LedgerRecord TakeHead()
    {
        var record = this[0];
        _ring[_head] = null;
        _head = Slot(1);
        Count--;
        Bytes -= record.Size;
        return record;
    }

    /// <summary>The index of the first record with a sequence above this one; <see cref="Count"/> when there is none.</summary>
    public int IndexAfter(long sequence)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (this[middle].Sequence <= sequence) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    public LedgerRecord? Find(long sequence) =>
        IndexAfter(sequence) is > 0 and var next && this[next - 1] is var record && record.Sequence == sequence ? record : null;

    public InMemoryBacklog Copy() => new() { _ring = [.. _ring], _head = _head, Count = Count, Bytes = Bytes };

    // The length is a power of two.
    private int Slot(int index) => (_head + index) & (_ring.Length - 1);

    private void Grow()
    {
        var larger = new LedgerRecord?[_ring.Length * 2];
        for (var i = 0; i < Count; i++) larger[i] = this[i];
        (_ring, _head) = (larger, 0);
    }
}
