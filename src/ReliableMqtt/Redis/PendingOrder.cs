using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>
/// Puts what is in flight and what waits into one order, and cuts a page off it. What has no sequence that can be believed stands before the next one in the backlog that has, or in
/// flight at the very beginning; a page ends with one that has, since the next page begins behind that.
/// </summary>
internal sealed class PendingOrder
{
    private readonly List<Item> _items;
    private readonly bool _isAll;

    /// <summary>Sequences are 0 where there is none. In flight they rise; in the backlog they do as far as they can be believed.</summary>
    public PendingOrder(
        long after, IReadOnlyList<(long Sequence, PendingEntry Entry)> inFlight, bool isAllInFlight, IReadOnlyList<(long Sequence, PendingEntry Entry)> waiting, bool isAllWaiting)
    {
        _isAll = isAllInFlight && isAllWaiting;
        var items = inFlight.Select(item => new Item(item.Sequence, item.Sequence > 0, item.Entry)).ToList();
        var last = after;
        var unplaced = items.Count;

        // The last one of a part is there only to be compared with.
        for (var i = 0; i < waiting.Count - (isAllWaiting ? 0 : 1); i++)
        {
            var (sequence, entry) = waiting[i];
            var next = i + 1 < waiting.Count ? waiting[i + 1].Sequence : 0;

            // One that is above its follower is wrong, if the follower fits to what came before.
            var isBelievable = sequence > last && !(next > last && next <= sequence);
            items.Add(new Item(isBelievable ? sequence : long.MaxValue, isBelievable, entry));
            if (!isBelievable) continue;
            for (last = sequence; unplaced < items.Count; unplaced++) items[unplaced] = items[unplaced] with { Sequence = last };
        }

        // Of neither kind there may be one left out below what is shown.
        var horizon = Math.Min(isAllInFlight ? long.MaxValue : inFlight.Max(item => item.Sequence), isAllWaiting ? long.MaxValue : last);
        _items = [.. items.Where(item => item.Sequence <= horizon).OrderBy(item => item.Sequence)];
    }

    /// <summary>The next page. False when it shows nothing that a next page could begin behind, though there is more.</summary>
    public bool TryTakePage(int count, out PendingPage page)
    {
        page = new PendingPage(_items.ConvertAll(item => item.Entry), null);
        if (_isAll && _items.Count <= count) return true;
        var end = -1;
        for (var i = 0; i < _items.Count; i++)
        {
            if (!_items[i].IsBelievable) continue;
            if (i >= count && end >= 0 && _items[i].Sequence != _items[end].Sequence) break;
            end = i;
        }

        if (end < 0) return _isAll;
        var isLast = _isAll && end == _items.Count - 1;
        page = new PendingPage(_items.GetRange(0, end + 1).ConvertAll(item => item.Entry), isLast ? null : _items[end].Sequence);
        return true;
    }

    private readonly record struct Item(long Sequence, bool IsBelievable, PendingEntry Entry);
}
