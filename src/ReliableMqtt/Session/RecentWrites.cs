using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>
/// What the ledger was told in the last seconds, and the session keeps nowhere else: a store that loses writes loses the latest ones, and gets these again.
/// Things grow old only while the ledger answers: how long it is away says nothing of what it has lost.
/// </summary>
internal sealed class RecentWrites(long appendedBytesAtMost)
{
    /// <summary>
    /// <c>appendfsync everysec</c> loses up to two seconds, a failover what was not replicated yet. It is longer than an acceptor keeps its calls, so that what one of them
    /// repeats is known here.
    /// </summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    /// <summary>The most bytes of what has ended. At full speed that is less than <see cref="Kept"/>, and still more than a second.</summary>
    private const long EndedBytesAtMost = 8 << 20;

    /// <summary>The most bytes for the names of what others had accepted: runs, so that this is far more than <see cref="Kept"/>.</summary>
    private const int TakenBytesAtMost = 4 << 20, RunBytes = 64;

    /// <summary>So many sequences the ledger itself remembers.</summary>
    private const int UnconfirmedAtMost = 65_536;

    private readonly Aging<LedgerRecord> _appended = new(appendedBytesAtMost);
    private readonly Aging<StatusAnswer> _finished = new(EndedBytesAtMost);
    private readonly Aging<DeadLetter> _deadLetters = new(EndedBytesAtMost);
    private readonly Aging<AcceptedRun> _taken = new(TakenBytesAtMost);
    private readonly SortedSet<long> _unconfirmed = [];
    private AcceptedRun _lastTaken;

    /// <summary>Messages that went to the end of the backlog.</summary>
    public IEnumerable<LedgerRecord> Appended => _appended.Items;

    /// <summary>Outcomes of those ids of which the ledger keeps it.</summary>
    public IEnumerable<StatusAnswer> Finished => _finished.Items;

    /// <summary>Messages that were given up.</summary>
    public IEnumerable<DeadLetter> DeadLetters => _deadLetters.Items;

    /// <summary>Of the whole life of the session: sequences that did not end with a confirm.</summary>
    public IReadOnlyCollection<long> Unconfirmed => _unconfirmed;

    /// <summary>Up to this one <see cref="Unconfirmed"/> may lack some.</summary>
    public long ForgottenUpTo { get; private set; }

    /// <summary>Messages of other acceptors that have ended, as these name them.</summary>
    public IEnumerable<AcceptedRun> Taken => _lastTaken.Count > 0 ? _taken.Items.Append(_lastTaken) : _taken.Items;

    public void Append(LedgerRecord record, DateTimeOffset at) => _appended.Add(record, record.Size, at);

    public void Confirm(LedgerRecord record, byte code, DateTimeOffset at)
    {
        Take(record, at);
        var isReplayed = record.MessageId.TryGetSequence(out var automatic);
        if (isReplayed && automatic == record.Sequence) return;
        if (isReplayed) _unconfirmed.Remove(automatic);
        Finish(new StatusAnswer(record.MessageId, LedgerStatus.Confirmed, record.Sequence, code, at));
    }

    public void Expire(LedgerRecord record, DateTimeOffset at)
    {
        Take(record, at);
        DoNotConfirm(record);
        Finish(new StatusAnswer(record.MessageId, LedgerStatus.Expired, record.Sequence, null, at));
    }

    public void GiveUp(LedgerRecord record, DeadLetterReason reason, DateTimeOffset at)
    {
        Take(record, at);
        DoNotConfirm(record);
        _deadLetters.Add(new DeadLetter(record, reason, at), record.Size, at);
    }

    private void Take(LedgerRecord record, DateTimeOffset at)
    {
        if (record.Acceptor == 0) return;
        var run = AcceptedRun.Of(record);
        if (_lastTaken.IsFollowedBy(run))
        {
            _lastTaken = _lastTaken with { Count = _lastTaken.Count + 1 };
            return;
        }

        // It grows old from its last message on.
        if (_lastTaken.Count > 0) _taken.Add(_lastTaken, RunBytes, at);
        _lastTaken = run;
    }

    private void Finish(StatusAnswer answer) => _finished.Add(answer, 64 + answer.MessageId.Value.Length, answer.FinishedAt!.Value);

    private void DoNotConfirm(LedgerRecord record)
    {
        _unconfirmed.Add(record.Sequence);
        if (record.MessageId.TryGetSequence(out var automatic)) _unconfirmed.Add(automatic);
        while (_unconfirmed.Count > UnconfirmedAtMost)
        {
            ForgottenUpTo = Math.Max(ForgottenUpTo, _unconfirmed.Min);
            _unconfirmed.Remove(_unconfirmed.Min);
        }
    }

    /// <summary>The ledger has answered: lets go of what is old by now.</summary>
    public void Trim(DateTimeOffset now)
    {
        _appended.Trim(now - Kept);
        _finished.Trim(now - Kept);
        _deadLetters.Trim(now - Kept);
        _taken.Trim(now - Kept);
    }

    /// <summary>A queue that lets go of what is old, or too much.</summary>
    private sealed class Aging<T>(long bytesAtMost)
    {
        private readonly Queue<(T Item, int Size, DateTimeOffset At)> _queue = new();
        private long _bytes;

        public IEnumerable<T> Items => _queue.Select(entry => entry.Item);

        public void Add(T item, int size, DateTimeOffset at)
        {
            _queue.Enqueue((item, size, at));
            _bytes += size;
            Trim(DateTimeOffset.MinValue);
        }

        public void Trim(DateTimeOffset before)
        {
            while (_queue.TryPeek(out var oldest) && (_bytes > bytesAtMost || oldest.At < before))
            {
                _queue.Dequeue();
                _bytes -= oldest.Size;
            }
        }
    }
}
