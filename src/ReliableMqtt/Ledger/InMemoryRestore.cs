using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>Writes back into a store that has gone back in time what its owner still knew.</summary>
internal static class InMemoryRestore
{
    /// <summary>How far the tail jumps: no process can have had so many sequences of which the owner knows nothing.</summary>
    public const long Jump = 1 << 20;

    public static RestoreResult Run(InMemoryState state, object applicant, LedgerRestore restore, LedgerOpenOptions options, DateTimeOffset now)
    {
        var lease = state.Lease;
        if (lease.IsCurrent(restore.Epoch))
        {
            if (lease.LastRestore is { } done && lease.LastRestoreOperation >= restore.Operation) return done with { Tail = state.Tail, BacklogCount = state.Backlog.Count };
        }
        else if (!lease.IsBefore(restore.Epoch))
            return new RestoreResult { Status = RestoreStatus.Fenced };

        // An empty store is the old one, as far as its ids say, once its owner is back.
        if (state.IsUntouched) state.Nonce = restore.LedgerNonce;
        else if (state.Nonce != restore.LedgerNonce) return new RestoreResult { Status = RestoreStatus.Fenced };

        var left = Replace(state, restore);
        Settle(state, restore, left, InMemoryState.WindowEnd(now, options), now);

        var survived = state.Tail;
        var lost = new SequenceRange(survived + 1, Math.Max(survived, restore.Tail) + Jump);
        state.Tail = lost.Last;
        state.Session = restore.Session;
        state.Accepted = state.Confirmed + state.Expired + state.DeadLettered + state.PendingCount;
        var unknown = lost.Without(restore.Known);
        state.Lost.AddRange(unknown);
        state.Jumped.Add(lost);
        state.Taken.AddRange(restore.Taken);
        return lease.Restored(
            applicant, options.LeaseDuration, now, restore,
            new RestoreResult { Status = RestoreStatus.Restored, Tail = state.Tail, BacklogCount = state.Backlog.Count, Lost = unknown });
    }

    /// <summary>What is in flight, and the backlog as far as the owner knows it, become what it says. Returns what the store had there and the owner has not.</summary>
    private static List<LedgerRecord> Replace(InMemoryState state, LedgerRestore restore)
    {
        var left = state.Inflight.Entries.ToDictionary(entry => entry.Record.Sequence, entry => entry.Record);
        foreach (var entry in state.Inflight.Entries.ToList()) state.Inflight.Remove(entry.PacketId);
        foreach (var entry in restore.InFlight) state.Inflight.Add(entry);

        var rest = new List<LedgerRecord>();
        while (state.Backlog.Count > 0)
        {
            var head = state.Backlog.TakeHead();
            if (head.Sequence > restore.BacklogUpTo) rest.Add(head);
            else left[head.Sequence] = head;
        }

        foreach (var record in restore.Backlog.Where(record => record.Sequence <= restore.BacklogUpTo)) state.Backlog.Append(record);
        foreach (var record in rest) state.Backlog.Append(record);
        foreach (var record in restore.Backlog.Where(record => record.Sequence > restore.BacklogUpTo && record.Sequence > state.Tail)) state.Backlog.Append(record);

        foreach (var record in Pending(restore)) left.Remove(record.Sequence);
        return [.. left.Values];
    }

    private static IEnumerable<LedgerRecord> Pending(LedgerRestore restore) => restore.InFlight.Select(entry => entry.Record).Concat(restore.Backlog);

    private static void Settle(InMemoryState state, LedgerRestore restore, List<LedgerRecord> left, DateTimeOffset forgetAt, DateTimeOffset now)
    {
        var unconfirmed = restore.Unconfirmed.ToHashSet();
        foreach (var record in left)
        {
            var isConfirmed = restore.Known.Has(record.Sequence) && record.Sequence > restore.ForgottenUpTo && !unconfirmed.Contains(record.Sequence);
            if (isConfirmed) state.Confirm(record, 0, now, forgetAt);
            else state.Forget(record);
        }

        foreach (var sequence in restore.Unconfirmed) state.Index.Forget(sequence);
        state.Index.ForgetUpTo(restore.ForgottenUpTo);

        // An end that the store has not lost may have been followed by more that the owner did not see, such as a replay.
        var leftSequences = left.Select(record => record.Sequence).ToHashSet();
        bool IsLost(long sequence) => sequence > state.Tail || leftSequences.Contains(sequence);
        foreach (var letter in restore.DeadLetters.Where(letter => IsLost(letter.Record.Sequence)))
        {
            state.DeadLetters.Remove(letter.Record.MessageId);
            state.DeadLetter(letter.Record, letter.Reason, letter.FailedAt, now);
        }

        foreach (var answer in restore.Finished.Where(answer => IsLost(answer.Sequence)))
        {
            state.DeadLetters.Remove(answer.MessageId);
            state.Index.KeepUntil(answer, forgetAt);
            if (answer.Status == LedgerStatus.Expired) state.Expired++;
        }

        foreach (var record in Pending(restore).Where(InMemoryState.IsIndexed))
        {
            state.DeadLetters.Remove(record.MessageId);
            state.Index.Keep(new StatusAnswer(record.MessageId, LedgerStatus.Pending, record.Sequence));
        }
    }
}
