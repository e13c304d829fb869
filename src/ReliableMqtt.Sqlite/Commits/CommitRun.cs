using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite.Commits;

/// <summary>
/// One group commit in one transaction: first the answers that need no change, then section by section, each step with its check. A step that fails throws, and the transaction with all before it is
/// rolled back.
/// </summary>
internal sealed class CommitRun(SqliteDatabase database, LedgerTables tables, PublisherRow row, LedgerCommit commit, LedgerOpenOptions options, DateTimeOffset now)
{
    private readonly DateTimeOffset _at = commit.At == default ? now : commit.At;
    private readonly DateTimeOffset _forgetAt = LedgerTables.WindowEnd(now, options);
    private readonly PacketIds _packetIds = new(commit);
    private bool _hasStates;
    private bool _hasOutcomes;

    /// <param name="known">The last operation and the tail that the owner knows to be stored.</param>
    /// <param name="mayAppend">False when the file has no room: then the appends are refused.</param>
    public CommitResult Run((long Operation, long Tail) known, bool mayAppend)
    {
        if (Settled(known) is { } answer) return answer;
        CommitRules.Check(commit, row.Nonce);
        var moved = commit.Appends.Count > 0 && commit.ExpectedTail < row.Tail;
        var duplicates = FindKnown();
        _hasStates = tables.States.HasAny(row);

        Confirm();
        Release();
        Bury();
        Move();
        var waited = TakeHeads();
        CheckAppends(moved, waited);
        if (duplicates is not null)
        {
            database.Discard();
            return tables.Publishers.Load(row.Id).Now(CommitStatus.KnownIds) with { Known = duplicates };
        }

        if (commit.Session is { } session) row.Session = session;
        // The counts are right by now, so that a confirm makes room for an append of the same commit.
        var result = commit.Appends.Count == 0 || (mayAppend && HasRoom())
            ? Append(moved)
            : row.Now(CommitStatus.AppendsRefused);
        if (commit.DeadLetters.Count + commit.Drops.Count > 0) tables.PurgeSurplus(row, options, now, 1_000);
        if (commit.Confirms.Count + commit.Drops.Count is > 0 and var ends && _hasOutcomes) tables.Ids.Prune(row, now, 2 * ends);
        row.Applied(commit.Operation, result);
        tables.Publishers.Save(row);
        return result;
    }

    /// <summary>An answer that was given before, or that needs none of the sections.</summary>
    private CommitResult? Settled((long Operation, long Tail) known)
    {
        if (!row.IsCurrent(commit.Epoch))
            return row.IsBefore(commit.Epoch) ? row.Now(CommitStatus.RolledBack) : row.Now(CommitStatus.Fenced) with { Earlier = Earlier() };
        if (commit.Operation < 1) CommitRules.Check(commit, row.Nonce);
        if (commit.Operation == row.Operation) return PublisherRow.ReadAnswer(row.Answer) ?? row.Now(CommitStatus.Applied);
        if (commit.Operation < row.Operation) return row.Now(CommitStatus.Applied);
        return commit.Operation > row.Operation + 1 || commit.ExpectedTail > row.Tail || known.Operation > row.Operation || known.Tail > row.Tail
            ? row.Now(CommitStatus.RolledBack) : null;
    }

    /// <summary>What became of it while its epoch was current; null when that is no longer known.</summary>
    private CommitResult? Earlier()
    {
        if (string.IsNullOrEmpty(row.BeforeToken) || row.BeforeToken != commit.Epoch.Token) return null;
        return commit.Operation > row.BeforeOperation ? new CommitResult { Status = CommitStatus.Fenced }
            : commit.Operation == row.BeforeOperation ? PublisherRow.ReadAnswer(row.BeforeAnswer)
            : null;
    }

    private List<KnownAppend>? FindKnown()
    {
        List<KnownAppend>? known = null;
        HashSet<MessageId>? own = null;
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var id = commit.Appends[i].Record.MessageId;
            if (!commit.Appends[i].Record.HasApplicationId) continue;
            if (tables.Ids.Get(row, id, now) is { } entry) (known ??= []).Add(new KnownAppend(i, entry.Answer));
            else if (!(own ??= []).Add(id)) (known ??= []).Add(new KnownAppend(i, new StatusAnswer(id, LedgerStatus.Pending)));
        }

        return known;
    }

    private StoredHead Entry(PacketId packetId) =>
        tables.Inflight.Look(row, packetId) is { } head && _packetIds.IsThere(packetId) ? head : throw Refused($"no entry is in flight under packet id {packetId}");

    private StoredHead Leaving(PacketId packetId, long sequence, MessageId messageId)
    {
        var entry = Entry(packetId);
        if (entry.Sequence != sequence || entry.MessageId != RecordBuffer.StoredId(messageId, sequence) || (entry.MessageId is null && messageId.LedgerNonce != row.Nonce))
            throw Refused($"packet id {packetId} is of sequence {entry.Sequence} ({entry.MessageId ?? "automatic"}), not of {sequence} ({messageId})");
        _packetIds.Free(packetId);
        return entry;
    }

    private void Confirm()
    {
        for (var i = 0; i < commit.Confirms.Count; i++)
        {
            var op = commit.Confirms[i];
            Remove(op.PacketId, Leaving(op.PacketId, op.Sequence, op.MessageId));
            _hasOutcomes |= LedgerTables.IsIndexed(op.MessageId, op.Sequence);
            tables.Confirm(row, op.MessageId, op.Sequence, op.ReasonCode, _at, _forgetAt);
        }
    }

    private void Release()
    {
        for (var i = 0; i < commit.Releases.Count; i++)
        {
            var op = commit.Releases[i];
            var entry = Entry(op.PacketId);
            if (tables.Inflight.Quality(row, op.PacketId) != 2) throw Refused($"packet id {op.PacketId} is not of QoS 2");
            var state = tables.States.Get(row, op.PacketId.Value, entry.Sequence);
            if (state.Stage != InflightStage.Sent) throw Refused($"packet id {op.PacketId} is not in stage Sent");
            tables.States.Put(row, op.PacketId, state with { Stage = InflightStage.Released, ReleaseOrder = op.ReleaseOrder, DueAt = null });
            _hasStates = true;
        }
    }

    private void Bury()
    {
        foreach (var op in commit.DeadLetters)
        {
            var entry = Leaving(op.PacketId, op.Sequence, op.MessageId);
            var record = tables.Inflight.Get(row, op.PacketId)!;
            Remove(op.PacketId, entry);
            tables.Bury(row, record, op.MessageId, op.Reason, _at, now);
        }
    }

    private void Move()
    {
        foreach (var op in commit.Moves)
        {
            Entry(op.PacketId);
            _packetIds.Free(op.PacketId);
            if (op.NewPacketId != op.PacketId)
            {
                if (!_packetIds.TryGive(op.NewPacketId) || !tables.Inflight.Move(row, op.PacketId, op.NewPacketId)) throw Busy(op.NewPacketId);
                tables.States.Remove(row, op.PacketId);
            }

            tables.States.Put(row, op.NewPacketId, op.State);
        }
    }

    /// <summary>Drops and assigns.</summary>
    /// <returns>How many still wait.</returns>
    private long TakeHeads()
    {
        var leaving = commit.Drops.Count + commit.Assigns.Count;
        if (leaving == 0) return row.Backlog;
        var heads = tables.Backlog.Heads(row, leaving);
        if (heads.Count < leaving) throw Refused($"{leaving} messages should leave the backlog, which has {heads.Count}");
        for (var i = 0; i < commit.Drops.Count; i++)
        {
            var (head, op) = (heads[i], commit.Drops[i]);
            if (head.Sequence != op.Sequence || head.MessageId != RecordBuffer.StoredId(op.MessageId, op.Sequence))
                throw Refused($"the backlog has sequence {head.Sequence} where {op.Sequence} ({op.MessageId}) should be dropped");
            if (op.Reason is { } reason) tables.Bury(row, tables.Backlog.Get(row, op.Sequence)!, op.MessageId, reason, _at, now);
            else tables.Expire(row, op.MessageId, op.Sequence, _at, _forgetAt);
            _hasOutcomes = true;
            tables.Backlog.Remove(row, op.Sequence, head.Bytes);
        }

        for (var i = 0; i < commit.Assigns.Count; i++)
        {
            var (head, op) = (heads[commit.Drops.Count + i], commit.Assigns[i]);
            if (head.Sequence != op.Sequence) throw Refused($"the backlog has sequence {head.Sequence} where {op.Sequence} should be assigned");
            if (!_packetIds.TryGive(op.PacketId) || !tables.Inflight.Assign(row, op.PacketId, head)) throw Busy(op.PacketId);
            tables.Backlog.Remove(row, op.Sequence, head.Bytes);
        }

        return row.Backlog;
    }

    private void CheckAppends(bool moved, long waiting)
    {
        for (var i = 0; i < commit.Appends.Count && !moved; i++)
        {
            if (commit.Appends[i].PacketId is not { } packetId) continue;
            if (waiting > 0) throw Refused($"the append {commit.Appends[i].Record.Sequence} would overtake the backlog");
            if (!_packetIds.TryGive(packetId) || tables.Inflight.Look(row, packetId) is not null) throw Busy(packetId);
        }
    }

    private bool HasRoom()
    {
        var bytes = 0L;
        for (var i = 0; i < commit.Appends.Count; i++) bytes += RecordCodec.Measure(commit.Appends[i].Record);
        return row.HasRoomFor(commit.Appends.Count, bytes, options);
    }

    private CommitResult Append(bool moved)
    {
        var firstMoved = moved ? row.Tail + 1 : 0;
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var (record, packetId) = commit.Appends[i];
            var sequence = ++row.Tail;
            row.Accepted++;
            if (record.Sequence != sequence || record.MessageId.IsEmpty)
                record = record with { Sequence = sequence, MessageId = record.HasApplicationId ? record.MessageId : MessageId.ForSequence(row.Nonce, sequence) };
            if (packetId is not { } id || moved) tables.Append(row, record);
            else
            {
                if (!tables.Inflight.Add(row, id, record)) throw Busy(id);
                if (record.HasApplicationId) tables.Ids.Keep(row, new StatusAnswer(record.MessageId, LedgerStatus.Pending, sequence));
            }
        }

        return row.Now(CommitStatus.Applied) with { FirstMoved = firstMoved };
    }

    private void Remove(PacketId packetId, in StoredHead entry)
    {
        tables.Inflight.Remove(row, packetId, entry.Bytes);
        if (_hasStates) tables.States.Remove(row, packetId);
    }

    private InvalidOperationException Busy(PacketId packetId) => Refused($"packet id {packetId} is not free");

    private InvalidOperationException Refused(string problem) => CommitRules.Refused(commit, problem);
}
