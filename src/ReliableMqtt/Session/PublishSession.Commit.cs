using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

// Building the group commit: all that has come up since the last one goes to the ledger in one write.
internal sealed partial class PublishSession
{
    private List<Handshake> _toStore = [];
    private DateTimeOffset? _confirmsSince;

    /// <summary>One that has been answered, for its lists: they have the size that they need.</summary>
    private Commit? _answered;

    /// <summary>Lists of a commit that have grown longer than this are not kept.</summary>
    private int UsualLength => 4 * Math.Max(_settings.MaxBatch, _settings.MaxInFlight);

    /// <summary>True while a commit is on its way: <see cref="OnCommitted"/> must answer it.</summary>
    public bool IsCommitting => _outstanding is not null;

    /// <summary>The next commit, or null when there is nothing to store or one is on its way.</summary>
    public LedgerCommit? BuildCommit(DateTimeOffset now)
    {
        if (_outstanding is not null || IsRestoring || Outputs.Stopped is not null) return null;
        WakeDueMessages(now);
        if (MayWait(now)) return null;

        var commit = (_answered ?? new Commit()).Begin(_operation + 1);
        _answered = null;
        TakeStages(commit);
        TakeDrops(commit, now);
        TakeAssigns(commit, now);
        TakeIncoming(commit, now);
        commit.SavesSession = _sessionUnsaved;
        if (commit.IsEmpty)
        {
            _answered = commit;
            RecycleWhenDrained();
            return null;
        }

        _operation++;
        _sessionUnsaved = false;
        _outstanding = commit;
        return ToLedger(commit, now);
    }

    /// <summary>
    /// Confirms alone wait a little: who had his receipt publishes the next message, and that takes them along in one write. A crash meanwhile has a handshake resumed that
    /// was over, as if it had come a moment earlier.
    /// </summary>
    private bool MayWait(DateTimeOffset now)
    {
        if (_settings.ConfirmLag > TimeSpan.Zero && _toStore.Count > 0 && _toStore.Count < _settings.MaxBatch / 2
            && _incoming.Count == 0 && _prefetched.Count == 0 && _backlogCount == 0 && !_sessionUnsaved
            && _toStore.TrueForAll(static h => h.Stage == HandshakeStage.Confirming && h.Record.Acceptor == 0))
        {
            var until = (_confirmsSince ??= now) + _settings.ConfirmLag;
            if (now >= _confirmsSince && now < until)
            {
                WakeBy(until);
                return true;
            }
        }

        _confirmsSince = null;
        return false;
    }

    private void WakeDueMessages(DateTimeOffset now)
    {
        if (_parked.Count == 0 || _connection is null || _session == BrokerSession.Condemned || now < _pausedUntil) return;
        _parked.Sort(static (a, b) => a.Order.CompareTo(b.Order));
        for (var i = 0; i < _parked.Count && _open < Window;)
        {
            var parked = _parked[i];
            if (parked.DueAt > now)
            {
                i++;
                continue;
            }

            _parked.RemoveAt(i);
            MustStep(parked, HandshakeEvent.Due);
        }
    }

    private void TakeStages(Commit commit)
    {
        foreach (var handshake in _toStore)
        {
            // It may have gone on to another stage since, and stand in the list twice.
            if (handshake.StoredBy != 0 || handshake.Stage is HandshakeStage.Storing or HandshakeStage.Sent or HandshakeStage.Finished) continue;
            if (handshake.Stage == HandshakeStage.Renewing && !Renew(handshake)) continue;
            handshake.StoredBy = commit.Operation;
            commit.Stored.Add(handshake);
        }

        _toStore.RemoveAll(static h => h.StoredBy != 0 || h.Stage != HandshakeStage.Renewing);
    }

    /// <summary>A new packet id and a new place in the order, behind all that was sent before.</summary>
    private bool Renew(Handshake handshake)
    {
        if (!_ids.TryTake(out var id)) return false;
        handshake.NewPacketId = id;
        handshake.NewOrder = _lastOrder = _lastOrder with { Ordinal = _lastOrder.Ordinal + 1 };
        return true;
    }

    /// <summary>The head of the backlog: what has expired, or cannot be sent to this broker, leaves it.</summary>
    private void TakeDrops(Commit commit, DateTimeOffset now)
    {
        while (commit.Drops.Count < _settings.MaxBatch && _prefetched.TryPeek(out var head))
        {
            if (head.ExpiresAt <= now) commit.Drops.Add((head, null));
            else if (_connection is not null && FindBrokerLimit(head) is { } limit)
                commit.Drops.Add((head, new DeadLetterReason(DeadLetterCause.BrokerLimit, null, limit)));
            else
            {
                if (head.ExpiresAt is { } at) WakeBy(at);
                return;
            }

            _leftBacklog = _prefetched.Dequeue().Sequence;
        }
    }

    private void TakeAssigns(Commit commit, DateTimeOffset now)
    {
        while (commit.Assigns.Count < _settings.MaxBatch && MayStart(now) && _prefetched.TryPeek(out var head)
               && !(head.ExpiresAt <= now) && FindBrokerLimit(head) is null && _ids.TryTake(out var id))
            commit.Assigns.Add(Begin(_prefetched.Dequeue(), id, commit));
    }

    private void TakeIncoming(Commit commit, DateTimeOffset now)
    {
        commit.OrderBeforeAppends = _lastOrder;
        if (now < _appendsBlockedUntil) return;
        HashSet<MessageId>? ids = null;
        var bytes = 0L;
        var backlog = _backlogCount - commit.Drops.Count - commit.Assigns.Count;
        while (commit.Appends.Count < _appendLimit && commit.Appends.Count + commit.Assigns.Count < _settings.MaxBatch && _incoming.TryPeek(out var next))
        {
            if (_enqueued - _incoming.Count == _mark && commit.Appends.Count > 0) return;
            if ((bytes += next.Record.Size) > _settings.MaxBatchBytes && commit.Appends.Count > 0) return;

            // Twice the same id in one commit: the second waits for the next one, which finds the first in the ledger.
            if (next.Record.HasApplicationId && !(ids ??= []).Add(next.Record.MessageId)) return;
            _incoming.Dequeue();
            if (next.Ticket?.TryTake() == false) continue;

            var record = Stamp(next.Record, _tail + commit.Appends.Count + 1);
            commit.Appends.Add(next with { Record = record });
            var direct = commit.Direct.Count == commit.Appends.Count - 1 && backlog == 0 && MayStart(now)
                && !(record.ExpiresAt <= now) && FindBrokerLimit(record) is null;
            if (direct && _ids.TryTake(out var id)) commit.Direct.Add(Begin(record, id, commit));
        }
    }

    private LedgerRecord Stamp(LedgerRecord record, long sequence) => record.Stamp(_ledgerNonce, sequence);

    private Handshake Begin(LedgerRecord record, PacketId id, Commit commit)
    {
        _lastOrder = new SendOrder(record.Sequence);
        _leftBacklog = record.Sequence;
        var handshake = NewHandshake(record, id, _lastOrder);
        handshake.StoredBy = commit.Operation;
        _inflight.Add(id, handshake);
        _bySequence.Enqueue(handshake);
        _open++;
        return handshake;
    }

    private void RecycleWhenDrained()
    {
        if (_session == BrokerSession.Condemned && _open == 0) Recycle(RecycleReason.CleanStart);
    }

    private LedgerCommit ToLedger(Commit commit, DateTimeOffset now)
    {
        (commit.At, commit.Session) = (now, commit.SavesSession ? _session : null);
        var ops = commit.Ops;
        ops.Fill(commit);
        return new LedgerCommit
        {
            Epoch = _epoch,
            Operation = commit.Operation,
            ExpectedTail = _tail,
            At = now,
            Confirms = ops.Confirms,
            Releases = ops.Releases,
            DeadLetters = ops.DeadLetters,
            Moves = ops.Moves,
            Drops = ops.Drops,
            Assigns = ops.Assigns,
            Appends = ops.Appends,
            Session = commit.Session,
            LowestUnfinished = Math.Min(LowestUnfinishedAfter(commit.Operation), _tail + 1),
        };
    }
}
