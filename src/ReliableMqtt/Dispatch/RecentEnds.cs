using System.Diagnostics.CodeAnalysis;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Dispatch;

/// <summary>The ends that were told last: that a message has ended may be heard before that it was accepted. Bounded; owned by the pump.</summary>
internal sealed class RecentEnds
{
    private const int Most = 4096;

    private readonly Dictionary<long, StatusAnswer> _ends = [];
    private readonly Queue<long> _order = new();

    public void Add(StatusAnswer end)
    {
        if (!_ends.TryAdd(end.Sequence, end))
        {
            _ends[end.Sequence] = end;
            return;
        }

        _order.Enqueue(end.Sequence);
        if (_order.Count > Most) _ends.Remove(_order.Dequeue());
    }

    public bool TryGet(long sequence, [NotNullWhen(true)] out StatusAnswer? end) => _ends.TryGetValue(sequence, out end);
}
