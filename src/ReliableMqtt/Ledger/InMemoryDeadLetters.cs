using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ReliableMqtt.Ledger;

/// <summary>The dead letters in the order of their failing, each with a number that rises and names its place for paging.</summary>
internal sealed class InMemoryDeadLetters
{
    private readonly List<Kept> _kept = [];
    private readonly Dictionary<MessageId, long> _numbers = [];
    private long _lastNumber;

    public int Count => _kept.Count;

    public void Add(DeadLetter letter, DateTimeOffset now)
    {
        _numbers.Add(letter.Record.MessageId, ++_lastNumber);
        _kept.Add(new Kept(_lastNumber, letter with { Number = _lastNumber }, now));
    }

    public bool TryGet(MessageId messageId, [NotNullWhen(true)] out DeadLetter? letter)
    {
        letter = _numbers.TryGetValue(messageId, out var number) ? _kept[IndexAfter(number - 1)].Letter : null;
        return letter is not null;
    }

    public void Remove(MessageId messageId)
    {
        if (_numbers.Remove(messageId, out var number)) _kept.RemoveAt(IndexAfter(number - 1));
    }

    /// <summary>Removes the oldest ones that are too many, or have been here too long.</summary>
    public IReadOnlyList<DeadLetter> TakeSurplus(int maximum, TimeSpan retention, DateTimeOffset now)
    {
        var surplus = Math.Max(0, _kept.Count - maximum);
        while (surplus < _kept.Count && now - _kept[surplus].Since >= retention) surplus++;
        if (surplus == 0) return [];

        var taken = _kept.GetRange(0, surplus).ConvertAll(kept => kept.Letter);
        _kept.RemoveRange(0, surplus);
        foreach (var letter in taken) _numbers.Remove(letter.Record.MessageId);
        return taken;
    }

    public DeadLetterPage Page(string? continuation, int count)
    {
        var after = 0L;
        if (continuation is not null && !long.TryParse(continuation, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            throw new ArgumentException($"'{continuation}' is not a continuation of a dead letter page.", nameof(continuation));
        var first = IndexAfter(after);
        var page = _kept.GetRange(first, Math.Min(count, _kept.Count - first));
        var isLast = first + page.Count == _kept.Count;
        return new DeadLetterPage(
            page.ConvertAll(kept => kept.Letter), isLast ? null : page[^1].Number.ToString(CultureInfo.InvariantCulture))
        {
            Youngest = _kept.Count == 0 ? 0 : _kept[^1].Number,
        };
    }

    public InMemoryDeadLetters Copy()
    {
        var copy = new InMemoryDeadLetters { _lastNumber = _lastNumber };
        copy._kept.AddRange(_kept);
        foreach (var (id, number) in _numbers) copy._numbers.Add(id, number);
        return copy;
    }

    private int IndexAfter(long number)
    {
        var (low, high) = (0, _kept.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_kept[middle].Number <= number) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private readonly record struct Kept(long Number, DeadLetter Letter, DateTimeOffset Since);
}
