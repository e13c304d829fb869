using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>A message that the session has been given and that no commit has stored yet.</summary>
internal readonly record struct Incoming(LedgerRecord Record, ITicket? Ticket);

// Messages that are not in flight: new ones, and the head of the backlog, of which only a bounded part is in memory.
internal sealed partial class PublishSession
{
    private Queue<Incoming> _incoming = new();
    private DateTimeOffset _appendsBlockedUntil;
    private int _appendRefusals;
    private int _appendLimit;

    private Queue<LedgerRecord> _prefetched = new();
    private long _backlogCount;
    private long _prefetchedUpTo;
    private bool _readingBacklog;
    /// <summary>The last page was empty although the count says otherwise: do not ask again before the count has been told anew.</summary>
    private bool _nothingToRead;
    /// <summary>There is more in the backlog than its count says.</summary>
    private bool _hint;
    /// <summary>The highest sequence that has left the backlog, or never was in it, or is not known to be in it.</summary>
    private long _leftBacklog;
    private long _enqueued;
    private long _mark;
    private long _lowestUnfinished = 1;

    /// <summary>A new message, without sequence; its id is empty unless the application gave one.</summary>
    public void Enqueue(LedgerRecord record, ITicket? ticket)
    {
        _incoming.Enqueue(new Incoming(record, ticket));
        _enqueued++;
    }

    /// <summary>The ledger has no room for a new message.</summary>
    public bool IsFull => _appendRefusals > 0;

    /// <summary>Messages given from now on share no commit with those before, so that <see cref="Tail"/> can be read between them.</summary>
    public void Mark() => _mark = _enqueued;

    /// <summary>How many of the new messages have had no answer yet: they are stored, known, refused or withdrawn, in order.</summary>
    public int Unanswered => _incoming.Count + (_outstanding?.Appends.Count ?? 0);

    /// <summary>New messages of the commit that is on its way: whether they are in the ledger is not known.</summary>
    public IReadOnlyList<Incoming> Uncertain => _outstanding?.Appends ?? [];

    /// <summary>Ends the session: gives back the new messages that are certainly not in the ledger. Those of a commit on its way may be there.</summary>
    public IReadOnlyList<Incoming> TakeUnstored()
    {
        List<Incoming> unstored = [.. _incoming];
        _incoming.Clear();
        return unstored;
    }

    /// <summary>Every message with a sequence below this is finished.</summary>
    public long LowestUnfinished => _lowestUnfinished = LowestUnfinishedAfter(NoOperation);

    private const long NoOperation = -1;

    /// <summary>Asks for the next page of the backlog when it is wanted: what follows <paramref name="afterSequence"/>. To be answered by <see cref="OnBacklog"/>.</summary>
    public bool TryBeginRead(out long afterSequence, out int count)
    {
        afterSequence = _prefetchedUpTo;
        count = _settings.Prefetch - _prefetched.Count;
        var inBacklog = _backlogCount - (_outstanding?.Drops.Count ?? 0) - (_outstanding?.Assigns.Count ?? 0);
        var wanted = !IsRestoring && !_readingBacklog && (_hint || (!_nothingToRead && _prefetched.Count < inBacklog)) && _prefetched.Count <= _settings.Prefetch / 2;
        if (!wanted) return false;
        (_readingBacklog, _hint) = (true, false);
        return true;
    }

    /// <summary>A page of the backlog, or nothing when it could not be read.</summary>
    public void OnBacklog(IReadOnlyList<LedgerRecord> records)
    {
        _readingBacklog = false;
        if (_pageIsStale)
        {
            _pageIsStale = false;
            return;
        }

        _nothingToRead = records.Count == 0;
        if (_prefetchedUpTo == 0 && records.Count > 0) _leftBacklog = Math.Min(_leftBacklog, records[0].Sequence - 1);
        foreach (var record in records)
            if (record.Sequence > _prefetchedUpTo) Prefetch(record);

        // What others have appended is counted exactly by the next commit's answer; until then it is at least what is here.
        _backlogCount = Math.Max(_backlogCount, _prefetched.Count + (_outstanding?.Drops.Count ?? 0) + (_outstanding?.Assigns.Count ?? 0));
    }

    /// <summary>Others say that they have appended: look there, without counting first.</summary>
    public void OnWork() => _hint = true;

    /// <summary>The ledger has counted, since others may have appended unheard.</summary>
    public void OnBacklogCount(long count)
    {
        _nothingToRead = false;
        if (_outstanding is null && !IsRestoring && count > _backlogCount) _backlogCount = count;
    }

    private void Prefetch(LedgerRecord record)
    {
        _prefetched.Enqueue(record);
        _seen.Add(record.Sequence);
        _prefetchedUpTo = record.Sequence;
    }

    /// <summary>Keeps what this commit has put at the end of the backlog, as long as all that stands before it is in memory as well.</summary>
    private void PrefetchAppended(List<Incoming> appended, long backlogBefore)
    {
        if (_readingBacklog || _prefetched.Count != backlogBefore) return;
        foreach (var incoming in appended)
        {
            if (_prefetched.Count >= _settings.Prefetch) return;
            Prefetch(incoming.Record);
        }
    }

    /// <summary>May a message that was never sent be given a packet id now?</summary>
    private bool MayStart(DateTimeOffset now) =>
        _connection is not null && !_recycling && _resend.Count == 0 && _released.Count == 0
        && _session != BrokerSession.Condemned && now >= _pausedUntil
        && _open < Window && _inflight.Count < PacketIdsAtMost
        && (_settings.Ordering == PublishOrdering.Strict ? _refused == 0 : _parked.Count < _settings.MaxInFlight);

    /// <summary>Never come near the end of the packet ids: those whose confirm is being stored are still taken (W4).</summary>
    private const int PacketIdsAtMost = PacketId.Max / 2;

    // What a commit would finish is not finished before its answer: a flush must not end there.
    private long LowestUnfinishedAfter(long operation) => Math.Max(_lowestUnfinished, FindLowestUnfinished(operation));

    private long FindLowestUnfinished(long operation)
    {
        FirstUnfinished();
        foreach (var handshake in _bySequence)
            if (!handshake.IsFinishedBy(operation)) return Math.Min(handshake.Record.Sequence, _tail + 1);
        if (operation == NoOperation && _outstanding is { Drops: [var (dropped, _), ..] }) return Math.Min(dropped.Sequence, _tail + 1);
        if (_prefetched.TryPeek(out var next)) return Math.Min(next.Sequence, _tail + 1);
        return _backlogCount > 0 ? Math.Min(_prefetchedUpTo, _tail) + 1 : _tail + 1;
    }

    /// <summary>The head of the handshakes; finished ones are let go.</summary>
    private Handshake? FirstUnfinished()
    {
        while (_bySequence.TryPeek(out var head))
        {
            if (head.Stage != HandshakeStage.Finished) return head;
            Keep(_bySequence.Dequeue());
        }

        return null;
    }

    /// <summary>Where the message with this sequence is, as far as memory tells.</summary>
    public Whereabouts Locate(long sequence, MessageId messageId)
    {
        foreach (var handshake in _bySequence)
        {
            if (handshake.Record.Sequence != sequence || handshake.Stage == HandshakeStage.Finished) continue;
            // A ledger that began anew gives out the same sequences again.
            if (handshake.Record.MessageId != messageId) return Whereabouts.Elsewhere;
            return handshake.Stage == HandshakeStage.Confirming ? Whereabouts.Confirmed : Whereabouts.Pending;
        }

        return _backlogCount > 0 && sequence <= _tail && sequence > _leftBacklog && sequence >= LowestUnfinished && !_lost.Exists(range => range.Contains(sequence))
            ? Whereabouts.Pending : Whereabouts.Elsewhere;
    }
}

/// <summary>The answer of <see cref="PublishSession.Locate"/>.</summary>
internal enum Whereabouts
{
    /// <summary>Not in memory: the ledger must be asked.</summary>
    Elsewhere,

    /// <summary>In flight or in the backlog; its end will be told.</summary>
    Pending,

    /// <summary>The broker has confirmed it, which has been told already; the ledger may not know it yet.</summary>
    Confirmed,
}
