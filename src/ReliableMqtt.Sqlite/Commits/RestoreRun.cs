using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite.Commits;

/// <summary>Writes back into a file that has gone back in time what its owner still knew, in one transaction.</summary>
internal sealed class RestoreRun(LedgerTables tables, PublisherRow row, LedgerRestore restore, LedgerOpenOptions options, DateTimeOffset now)
{
    private readonly DateTimeOffset _forgetAt = LedgerTables.WindowEnd(now, options);
    private readonly long _survived = row.Tail;

    private IEnumerable<LedgerRecord> Pending => restore.InFlight.Select(entry => entry.Record).Concat(restore.Backlog);

    /// <summary>An answer that was given before, or that the owner comes too late.</summary>
    public RestoreResult? Settled()
    {
        if (row.IsCurrent(restore.Epoch))
        {
            if (row.Restored >= restore.Operation && row.Restored > 0)
                return new RestoreResult { Status = RestoreStatus.Restored, Tail = row.Tail, BacklogCount = row.Backlog, Lost = SequenceRanges.Parse(row.RestoredLost ?? "") };
        }
        else if (!row.IsBefore(restore.Epoch)) return new RestoreResult { Status = RestoreStatus.Fenced };

        // An empty ledger is the old one, as far as its ids say, once its owner is back.
        var isUntouched = row.Tail == 0 && row.Token.Length == 0;
        if (isUntouched) row.Nonce = restore.LedgerNonce;
        return row.Nonce == restore.LedgerNonce ? null : new RestoreResult { Status = RestoreStatus.Fenced };
    }

    public RestoreResult Run()
    {
        var left = Replace();
        Settle(left);
        Bury(left);

        var jumped = LedgerTables.Jump(row, restore.Tail);
        var lost = jumped.Without(restore.Known);
        foreach (var range in lost) tables.Traces.AddLost(row, range);
        row.Session = restore.Session;
        row.Accepted = row.Confirmed + row.Expired + row.DeadLettered + row.PutAside + row.Backlog + row.InFlight;
        // What the owner before was answered last may be among what is lost.
        if (!row.IsCurrent(restore.Epoch)) (row.BeforeToken, row.BeforeOperation, row.BeforeAnswer) = (null, 0, null);
        row.Token = restore.Epoch.Token;
        row.Epochs = Math.Max(row.Epochs, long.TryParse(restore.Epoch.Token.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0);
        row.Applied(restore.Operation, row.Now(CommitStatus.Applied));
        row.Restored = restore.Operation;
        row.RestoredLost = string.Concat(lost.Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last} ")));
        return new RestoreResult { Status = RestoreStatus.Restored, Tail = row.Tail, BacklogCount = row.Backlog, Lost = lost };
    }

    /// <summary>What is in flight, and the backlog as far as the owner knows it, become what it says.</summary>
    /// <returns>What stood there and the owner has not, by sequence, with the message ids.</returns>
    private Dictionary<long, string?> Replace()
    {
        var left = new Dictionary<long, string?>();
        foreach (var (sequence, messageId, packetId) in tables.Inflight.Sequences(row))
        {
            left[sequence] = messageId;
            tables.Inflight.Remove(row, packetId, tables.Inflight.Look(row, packetId)!.Value.Bytes);
        }

        tables.States.Clear(row);
        foreach (var entry in restore.InFlight)
        {
            tables.Inflight.Add(row, entry.PacketId, entry.Record);
            if (entry.State != StateTable.Plain(entry.Record.Sequence)) tables.States.Put(row, entry.PacketId, entry.State);
        }

        foreach (var head in tables.Backlog.Heads(row, int.MaxValue).TakeWhile(head => head.Sequence <= restore.BacklogUpTo))
        {
            left[head.Sequence] = head.MessageId;
            tables.Backlog.Remove(row, head.Sequence, head.Bytes);
        }

        foreach (var record in restore.Backlog.Where(record => record.Sequence <= restore.BacklogUpTo || record.Sequence > _survived)) tables.Backlog.Append(row, record);
        foreach (var record in Pending) left.Remove(record.Sequence);
        return left;
    }

    /// <summary>What the owner has no longer was finished: with a confirm, if it has had it in its hands and says nothing else.</summary>
    private void Settle(Dictionary<long, string?> left)
    {
        var unconfirmed = restore.Unconfirmed.ToHashSet();
        foreach (var (sequence, stored) in left)
        {
            var id = stored is null ? MessageId.ForSequence(row.Nonce, sequence) : new MessageId(stored);
            if (restore.Known.Has(sequence) && sequence > restore.ForgottenUpTo && !unconfirmed.Contains(sequence)) tables.Confirm(row, id, sequence, 0, now, _forgetAt);
            else
            {
                if (LedgerTables.IsIndexed(id, sequence)) tables.Ids.Remove(row, id);
                tables.Traces.LeaveAutomatic(row, id);
            }
        }

        foreach (var sequence in restore.Unconfirmed) tables.Traces.Leave(row, sequence);
        row.Forgotten = Math.Max(row.Forgotten, restore.ForgottenUpTo);
    }

    /// <summary>Ends of the last seconds, as far as they are lost: one that is not may have been followed by more, such as a replay, that the owner did not see.</summary>
    private void Bury(Dictionary<long, string?> left)
    {
        bool IsLost(long sequence) => sequence > _survived || left.ContainsKey(sequence);
        foreach (var letter in restore.DeadLetters.Where(letter => IsLost(letter.Record.Sequence)))
        {
            Exhume(letter.Record.MessageId);
            var record = new StoredRecord(letter.Record.Sequence, RecordBuffer.StoredId(letter.Record), RecordCodec.Encode(letter.Record));
            tables.Bury(row, record, letter.Record.MessageId, letter.Reason, letter.FailedAt, now);
        }

        foreach (var answer in restore.Finished.Where(answer => IsLost(answer.Sequence)))
        {
            Exhume(answer.MessageId);
            tables.Ids.KeepUntil(row, answer, _forgetAt);
            if (answer.Status == LedgerStatus.Expired) row.Expired++;
            if (answer.Status == LedgerStatus.Confirmed) tables.Traces.Remove(row, answer.MessageId);
            else tables.Traces.LeaveAutomatic(row, answer.MessageId);
        }

        foreach (var record in Pending.Where(record => LedgerTables.IsIndexed(record.MessageId, record.Sequence)))
        {
            Exhume(record.MessageId);
            tables.Ids.Keep(row, new StatusAnswer(record.MessageId, LedgerStatus.Pending, record.Sequence));
        }
    }

    private void Exhume(MessageId messageId)
    {
        if (tables.Ids.Get(row, messageId, now)?.Letter is { } number) tables.Dead.Remove(row, number);
    }
}
