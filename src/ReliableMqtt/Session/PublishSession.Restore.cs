using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

// The ledger has lost writes, and this process has not: it writes back what it knows, and then goes on as if nothing had happened.
internal sealed partial class PublishSession
{
    private readonly RecentWrites _recent;
    private readonly List<OutboundPacket> _heldSends = [];
    private readonly List<SequenceRange> _lost = [];

    /// <summary>Every message that has been in memory: what became of it is known.</summary>
    private readonly SequenceSet _seen = new();

    /// <summary>But not these: they were read from a store that has lost them, and their messages are stored anew under other sequences.</summary>
    private List<SequenceRange> _unseen = [];
    private BrokerSession _keptSession;

    /// <summary>A page that was asked for before the loss may have what the ledger no longer has.</summary>
    private bool _pageIsStale;

    /// <summary>True from a loss of writes until <see cref="OnRestored"/>: nothing is sent, committed or read.</summary>
    public bool IsRestoring { get; private set; }

    /// <summary>Where packets go: nowhere as long as the ledger may not know of their handshakes.</summary>
    private List<OutboundPacket> Sends => IsRestoring ? _heldSends : Outputs.Sends;

    /// <summary>The ledger has lost writes. <see cref="SessionOutputs.Restore"/> says what is to be written before anything else; to be answered by <see cref="OnRestored"/>.</summary>
    public void OnRolledBack()
    {
        if (IsRestoring || Outputs.Stopped is not null) return;
        // The number of the commit that is void: a late copy of it then finds that its turn is over.
        if (_outstanding is { } commit) TakeBack(commit);
        else _operation++;
        IsRestoring = true;
        _pageIsStale = _readingBacklog;
        _heldSends.AddRange(Outputs.Sends);
        Outputs.Sends.Clear();
        Outputs.Restore = ToRestore();
    }

    /// <summary>The ledger has all of it again.</summary>
    public void OnRestored(RestoreResult result)
    {
        if (result.Status == RestoreStatus.Fenced)
        {
            Outputs.Stopped = CommitStatus.Fenced;
            return;
        }

        IsRestoring = false;
        _tail = result.Tail;
        _backlogCount = result.BacklogCount;
        _nothingToRead = false;
        if (_prefetched.Count == 0 && _backlogCount == 0) _prefetchedUpTo = Math.Max(_prefetchedUpTo, _tail);
        OnLost(result.Lost);
        Outputs.Sends.AddRange(_heldSends);
        _heldSends.Clear();
    }

    /// <summary>These sequences are nobody's, or of messages that only the ledger can tell about. Naming them again does no harm.</summary>
    public void OnLost(IReadOnlyList<SequenceRange> ranges)
    {
        if (ranges.Count == 0) return;
        var all = SequenceRanges.Merge(_lost.Concat(ranges));
        _lost.Clear();
        _lost.AddRange(all);
    }

    /// <summary>A commit that is not applied and never will be: all of it is to be done yet.</summary>
    private void TakeBack(Commit commit)
    {
        var again = commit.Stored.Where(handshake => handshake.StoredBy == commit.Operation).ToList();
        foreach (var handshake in again)
        {
            handshake.StoredBy = 0;
            if (handshake.Stage == HandshakeStage.Renewing) _ids.Free(handshake.NewPacketId);
        }

        _toStore = [.. again, .. _toStore];
        foreach (var handshake in commit.Assigns) Undo(handshake);
        foreach (var handshake in commit.Direct) Undo(handshake);
        if (commit.Drops.Count > 0) _leftBacklog = Math.Min(_leftBacklog, commit.Drops[0].Record.Sequence - 1);
        _prefetched = new Queue<LedgerRecord>([.. commit.Drops.Select(drop => drop.Record), .. commit.Assigns.Select(handshake => handshake.Record), .. _prefetched]);
        ForgetReadBack(commit);
        foreach (var incoming in commit.Appends) incoming.Ticket?.GiveBack();
        _incoming = new Queue<Incoming>([.. commit.Appends.Select(Unstamp), .. _incoming]);
        _sessionUnsaved |= commit.SavesSession;
        _outstanding = null;
        _lastOrder = _inflight.Values.Select(handshake => handshake.Order).DefaultIfEmpty().Max();
        _lowestUnfinished = FindLowestUnfinished(NoOperation);
    }

    /// <summary>
    /// The commit may have been applied without an answer, and a page have brought back what it had appended. That is lost, and is among what is to be done yet: it must not be
    /// written back as well. What others have put there, also by a replay, is none of it.
    /// </summary>
    private void ForgetReadBack(Commit commit)
    {
        var ids = commit.Appends.Select(incoming => incoming.Record.MessageId).ToHashSet();
        var readBack = _prefetched.Where(record => record.Sequence > _tail && record.Acceptor == 0
            && (record.HasApplicationId ? ids.Contains(record.MessageId) : record.MessageId.TryGetSequence(out var own) && own == record.Sequence)).ToList();
        if (readBack.Count == 0) return;
        _prefetched = new Queue<LedgerRecord>(_prefetched.Except(readBack));
        _unseen = SequenceRanges.Merge(_unseen.Concat(readBack.Select(record => new SequenceRange(record.Sequence, record.Sequence))));
    }

    private LedgerRestore ToRestore()
    {
        // Behind the part in memory: what this process itself has put there lately. Others' between them are not known here.
        var behind = _recent.Appended.Where(record => record.Sequence > _prefetchedUpTo).ToList();
        return new LedgerRestore
        {
            Epoch = _epoch,
            LedgerNonce = _ledgerNonce,
            Operation = _operation,
            Tail = Math.Max(_tail, _prefetchedUpTo),
            Session = _keptSession,
            LowestUnfinished = FindLowestUnfinished(NoOperation),
            InFlight = [.. _inflight.Values.Select(handshake => handshake.ToEntry())],
            BacklogUpTo = _prefetchedUpTo,
            Backlog = [.. _prefetched, .. behind],
            Finished = [.. _recent.Finished],
            DeadLetters = [.. _recent.DeadLetters],
            Unconfirmed = [.. _recent.Unconfirmed],
            ForgottenUpTo = _recent.ForgottenUpTo,
            Taken = AcceptedRun.Merge(_recent.Taken.Concat(
                _inflight.Values.Select(handshake => handshake.Record).Concat(_prefetched).Where(record => record.Acceptor != 0).Select(AcceptedRun.Of))),
            Known = [.. SequenceRanges.Merge(_seen.Ranges.Concat(behind.Select(record => new SequenceRange(record.Sequence, record.Sequence)))).SelectMany(range => range.Without(_unseen))],
        };
    }

    /// <summary>The ledger has applied it: what it knows from now on, and the session would forget.</summary>
    private void Remember(Commit commit, DateTimeOffset now)
    {
        foreach (var handshake in commit.Stored)
        {
            if (handshake.StoredBy != commit.Operation) continue;
            if (handshake.Stage == HandshakeStage.Confirming) _recent.Confirm(handshake.Record, handshake.AckCode, commit.At);
            else if (handshake.Stage == HandshakeStage.Abandoning) _recent.GiveUp(handshake.Record, handshake.Reason!, commit.At);
        }

        foreach (var (record, reason) in commit.Drops)
        {
            if (reason is null) _recent.Expire(record, commit.At);
            else _recent.GiveUp(record, reason, commit.At);
        }

        // What waits behind the part in memory is the ledger's alone, until it is read.
        foreach (var handshake in commit.Direct) _seen.Add(handshake.Record.Sequence);
        for (var i = commit.Direct.Count; i < commit.Appends.Count; i++) _recent.Append(commit.Appends[i].Record, commit.At);
        _recent.Trim(now);
    }
}
