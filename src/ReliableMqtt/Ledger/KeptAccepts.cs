using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>
/// What an acceptor has had accepted in the last seconds: a store that loses writes loses the latest ones, and the acceptor may be the only one who knows them.
/// Not safe for several threads.
/// </summary>
internal sealed class KeptAccepts
{
    /// <summary>
    /// Messages are kept until the store has answered again so much later: <c>appendfsync everysec</c> loses up to two seconds, a failover what was not replicated yet. An owner
    /// keeps what it has ended for longer, so that what is sent again is known there.
    /// </summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(5);

    /// <summary>The most bytes of messages that are kept; beyond that the oldest are let go. At full speed that is less than <see cref="Time"/>, and still more than a second.</summary>
    public const long BytesAtMost = 32 << 20;

    private readonly Queue<KeptAccept> _kept = new();
    private long _bytes;
    private long _numbers;
    private HashSet<SequenceRange> _settled = [];

    public bool IsEmpty => _kept.Count == 0;

    /// <summary>The next number of a message of this acceptor; <paramref name="count"/> of them are used up.</summary>
    public long TakeNumbers(int count) => (_numbers += count) - count + 1;

    /// <summary>The store has it, under the sequence that the record has.</summary>
    public void Add(LedgerRecord record, DateTimeOffset at)
    {
        _kept.Enqueue(new KeptAccept(record, at));
        _bytes += record.Size;
        while (_bytes > BytesAtMost && _kept.Count > 1) LetGo();
    }

    /// <summary>The store has answered, and has lost nothing: what it has had for long enough it will not lose any more.</summary>
    public void Trim(DateTimeOffset now)
    {
        while (_kept.TryPeek(out var oldest) && oldest.At <= now - Time) LetGo();
    }

    /// <summary>
    /// Those that are not in the store, or may be lost with these sequences, in their order. Ranges that were there the last time are settled, also for what an owner had: of that
    /// the store says for a while only that it need not be accepted again.
    /// </summary>
    /// <param name="ranges">All that the store has lost, or may have lost.</param>
    /// <param name="unsettled">Those that it was to be asked about since the last time.</param>
    public IReadOnlyList<KeptAccept> Lost(IReadOnlyList<SequenceRange> ranges, IReadOnlySet<KeptAccept> unsettled)
    {
        var fresh = ranges.Where(range => !_settled.Contains(range)).ToList();
        _settled = [.. ranges];
        return [.. _kept.Where(kept => unsettled.Contains(kept) || kept.Record.Sequence == 0 || fresh.Exists(range => range.Contains(kept.Record.Sequence)))];
    }

    /// <summary>Another ledger has begun in the place of the old one: it has none of them, and gives automatic ids of its own.</summary>
    public void LoseAll()
    {
        foreach (var kept in _kept) kept.Lose();
    }

    public bool HasAny(IReadOnlySet<MessageId> messageIds) => _kept.Any(kept => messageIds.Contains(kept.Record.MessageId));

    private void LetGo() => _bytes -= _kept.Dequeue().Record.Size;
}

/// <summary>A message that was accepted lately.</summary>
/// <param name="record">As it was given, with its names and its first sequence.</param>
/// <param name="at">When the answer came.</param>
internal sealed class KeptAccept(LedgerRecord record, DateTimeOffset at)
{
    public LedgerRecord Record { get; private set; } = record;

    public DateTimeOffset At { get; } = at;

    /// <summary>It is in the store again, or still.</summary>
    public void Found(MessageId messageId, long sequence) => Record = Record with { MessageId = messageId, Sequence = sequence };

    public void Lose() => Record = Record with { MessageId = Record.HasApplicationId ? Record.MessageId : default, Sequence = 0 };
}
