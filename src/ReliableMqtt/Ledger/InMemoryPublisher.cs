using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>The operations on one publisher id, each of them whole under one lock.</summary>
internal sealed partial class InMemoryPublisher
{
    private readonly object _gate = new();
    private InMemoryState _state = new();

    /// <summary>Raised outside of the lock, and to the ledger that caused it too: a look too many does no harm, one too few waits for a poll.</summary>
    public event Action<LedgerChange>? Changed;

    /// <summary>Raised outside of the lock: an acceptor, and the ends of messages that it accepted.</summary>
    public event Action<ulong, IReadOnlyList<StatusAnswer>>? Finished;

    /// <summary>Accepts new messages, after those that the acceptor still has and the store has lost.</summary>
    public IReadOnlyList<AcceptAnswer> Accept(LedgerOpenOptions options, IReadOnlyList<LedgerRecord> records, InMemoryAcceptor acceptor)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records) CheckRecord(record);

        var answers = new AcceptAnswer[records.Count];
        bool wake;
        lock (_gate)
        {
            if (!_isVerified) throw new LedgerUnavailableException("The store has lost writes, and no owner has looked yet at what is left. Nothing was stored.");
            var now = options.TimeProvider.GetUtcNow();
            _state.Prune(now, options);
            var before = _state.Backlog.Count;
            acceptor.Again(_state, _life, now);
            var full = false;
            for (var i = 0; i < answers.Length; i++)
            {
                var record = acceptor.Name(records[i]);
                answers[i] = AcceptOne(record, options, ref full);
                acceptor.Keep(record, answers[i], now);
            }

            wake = before == 0 && _state.Backlog.Count > 0;
        }

        if (wake) Changed?.Invoke(LedgerChange.Backlog);
        return answers;
    }

    public IReadOnlyList<StatusAnswer> Find(LedgerOpenOptions options, IReadOnlyList<MessageId> messageIds, InMemoryAcceptor acceptor)
    {
        ArgumentNullException.ThrowIfNull(messageIds);
        StatusAnswer[] answers;
        bool wake;
        lock (_gate)
        {
            wake = messageIds.Any(acceptor.Has) && LookNow(options, acceptor);
            _state.Prune(options.TimeProvider.GetUtcNow(), options);
            answers = [.. messageIds.Select(_state.Find)];
            if (!_isVerified && answers.Any(answer => answer.Status == LedgerStatus.Unknown)) // It may come back yet, from somebody's memory.
                throw new LedgerUnavailableException("The store has lost writes, and no owner has looked yet at what is left: ask again.");
        }

        if (wake) Changed?.Invoke(LedgerChange.Backlog);
        return answers;
    }

    public LedgerStatistics Count(LedgerOpenOptions options)
    {
        lock (_gate)
        {
            _state.Prune(options.TimeProvider.GetUtcNow(), options);
            var oldest = _state.Inflight.Entries.Select(entry => entry.Record).MinBy(record => record.Sequence);
            if (_state.Backlog.Count > 0 && (oldest is null || _state.Backlog[0].Sequence < oldest.Sequence)) oldest = _state.Backlog[0];
            return new LedgerStatistics(
                _state.Backlog.Count, _state.Inflight.Count, _state.DeadLetters.Count, _state.PendingBytes, oldest?.AcceptedAt,
                Tail: _state.Tail, LowestUnfinished: oldest?.Sequence ?? _state.Tail + 1, Totals: _state.Totals);
        }
    }

    public LedgerOverview Overview(LedgerOpenOptions options)
    {
        lock (_gate)
        {
            var (lease, remaining) = _state.Lease.Look(options.TimeProvider.GetUtcNow());
            return new LedgerOverview(lease, lease == LeaseState.Free ? null : "a ledger object on this store", remaining, _state.Lease.LastOperation, _state.Tail, _state.Session);
        }
    }

    public PendingPage ListPending(long afterSequence, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_gate) return _state.ListPending(afterSequence, count);
    }

    public RecoveredState Recover(LedgerEpoch epoch)
    {
        lock (_gate)
        {
            if (!_state.Lease.IsCurrent(epoch))
                throw new LedgerFencedException("The epoch is stale: the lease was given back, or another process has acquired it.");
            return new RecoveredState(
                _state.Lease.LastOperation, _state.Tail, _state.Backlog.Count, _state.Session, [.. _state.Inflight.Entries], _state.Nonce);
        }
    }

    public IReadOnlyList<LedgerRecord> ReadBacklog(long afterSequence, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_gate)
        {
            var first = _state.Backlog.IndexAfter(afterSequence);
            var page = new LedgerRecord[Math.Min(count, _state.Backlog.Count - first)];
            for (var i = 0; i < page.Length; i++) page[i] = _state.Backlog[first + i];
            return page;
        }
    }

    /// <param name="options">How the ledger was opened.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="owner">The acceptor of the owner's own object.</param>
    /// <param name="known">The last operation and the tail that the owner knows to be stored.</param>
    public CommitResult Commit(LedgerOpenOptions options, LedgerCommit commit, ulong owner, (long Operation, long Tail) known)
    {
        CommitResult result;
        lock (_gate)
        {
            if (!_state.Lease.IsCurrent(commit.Epoch))
                return _state.Lease.IsBefore(commit.Epoch)
                    ? InMemoryCommit.Answer(_state, CommitStatus.RolledBack)
                    : InMemoryCommit.Answer(_state, CommitStatus.Fenced) with { Earlier = _state.Lease.Earlier(commit.Epoch, commit.Operation) };
            var now = options.TimeProvider.GetUtcNow();
            _state.Prune(now, options);
            // One that was applied, and is not lost, is answered as it was: to call it lost would be to make it twice.
            if (!_isVerified && commit.Operation > _state.Lease.LastOperation && !TryVerify(known.Operation, Math.Max(known.Tail, commit.ExpectedTail)))
                return InMemoryCommit.Answer(_state, CommitStatus.RolledBack);
            result = InMemoryCommit.Run(_state, commit, options, now);
            _state.Prune(now, options);
        }

        if (result.Status is not (CommitStatus.Applied or CommitStatus.AppendsRefused) || FinishNotices.Of(commit, owner) is not { } notices) return result;
        foreach (var (acceptor, answers) in notices) Finished?.Invoke(acceptor, answers);
        return result;
    }

    public DeadLetterPage ListDeadLetters(LedgerOpenOptions options, string? continuation, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_gate)
        {
            _state.Prune(options.TimeProvider.GetUtcNow(), options);
            return _state.DeadLetters.Page(continuation, count);
        }
    }

    public DeadLetter? FindDeadLetter(LedgerOpenOptions options, MessageId messageId)
    {
        lock (_gate)
        {
            _state.Prune(options.TimeProvider.GetUtcNow(), options);
            return _state.DeadLetters.TryGet(messageId, out var letter) ? letter : null;
        }
    }

    public ReplayAnswer Replay(LedgerOpenOptions options, MessageId messageId)
    {
        long sequence;
        lock (_gate)
        {
            _state.Prune(options.TimeProvider.GetUtcNow(), options);
            if (!_state.DeadLetters.TryGet(messageId, out var letter))
            {
                var isLive = _state.Find(messageId).Status is LedgerStatus.Pending or LedgerStatus.Confirmed;
                return new ReplayAnswer(isLive ? ReplayStatus.AlreadyLive : ReplayStatus.NotFound);
            }

            if (!_state.HasRoomFor(1, letter.Record.Size, options)) return new ReplayAnswer(ReplayStatus.Full);
            sequence = ++_state.Tail;
            _state.Accepted++;
            _state.DeadLetters.Remove(messageId);
            _state.Backlog.Append(letter.Record with { Sequence = sequence, Refusals = 0 });
            _state.Index.Keep(new StatusAnswer(messageId, LedgerStatus.Pending, sequence));
        }

        Changed?.Invoke(LedgerChange.Backlog);
        return new ReplayAnswer(ReplayStatus.Replayed, sequence);
    }

    public bool Purge(LedgerOpenOptions options, MessageId messageId)
    {
        lock (_gate)
        {
            var now = options.TimeProvider.GetUtcNow();
            _state.Prune(now, options);
            if (!_state.DeadLetters.TryGet(messageId, out var letter)) return false;
            _state.DeadLetters.Remove(messageId);
            _state.MarkPurged(letter, now, options);
            return true;
        }
    }

    private AcceptAnswer AcceptOne(LedgerRecord record, LedgerOpenOptions options, ref bool full)
    {
        if (record.HasApplicationId && _state.Index.TryGet(record.MessageId, out var existing))
            return new AcceptAnswer(AcceptStatus.Known, record.MessageId, 0, existing);
        full = full || !_state.HasRoomFor(1, record.Size, options);
        if (full) return new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0);
        var accepted = _state.Stamp(record);
        _state.Backlog.Append(accepted);
        return new AcceptAnswer(AcceptStatus.Accepted, accepted.MessageId, accepted.Sequence);
    }

    private static void CheckRecord(LedgerRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.QualityOfService is not (MqttQualityOfServiceLevel.AtLeastOnce or MqttQualityOfServiceLevel.ExactlyOnce))
            throw new ArgumentException($"A ledger keeps QoS 1 and 2, not {record.QualityOfService}.", nameof(record));
        if (record.MessageId.IsAutomatic)
            throw new ArgumentException($"'{record.MessageId}' is an automatic id: only the ledger gives those out.", nameof(record));
    }
}
