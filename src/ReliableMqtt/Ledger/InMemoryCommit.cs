using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>One group commit: the answers that need no change, then all checks, then the change, which cannot fail any more.</summary>
internal static class InMemoryCommit
{
    public static CommitResult Run(InMemoryState state, LedgerCommit commit, LedgerOpenOptions options, DateTimeOffset now)
    {
        if (commit.Operation < 1) throw new InvalidOperationException($"Operation numbers begin at 1; this commit carries {commit.Operation}.");
        var last = state.Lease.LastOperation;
        if (commit.Operation == last) return state.Lease.LastResult!;
        if (commit.Operation < last) return Answer(state, CommitStatus.Applied);
        if (commit.Operation > last + 1 || commit.ExpectedTail > state.Tail) return Answer(state, CommitStatus.RolledBack);

        var moved = commit.Appends.Count > 0 && commit.ExpectedTail < state.Tail;
        new InMemoryCommitCheck(state, commit).Run(moved);
        if (FindKnown(state, commit) is { Count: > 0 } known) return Answer(state, CommitStatus.KnownIds) with { Known = known };

        Settle(state, commit, commit.At == default ? now : commit.At, now, InMemoryState.WindowEnd(now, options));
        Dispatch(state, commit);
        if (commit.Session is { } session) state.Session = session;

        var bytes = 0L;
        foreach (var append in commit.Appends) bytes += append.Record.Size;
        if (commit.Appends.Count > 0 && !state.HasRoomFor(commit.Appends.Count, bytes, options))
            return state.Lease.Applied(commit.Operation, Answer(state, CommitStatus.AppendsRefused));

        var firstMoved = moved ? state.Tail + 1 : 0;
        foreach (var append in commit.Appends) Append(state, append.Record, moved ? null : append.PacketId);
        return state.Lease.Applied(commit.Operation, Answer(state, CommitStatus.Applied) with { FirstMoved = firstMoved });
    }

    public static CommitResult Answer(InMemoryState state, CommitStatus status) =>
        new() { Status = status, Tail = state.Tail, BacklogCount = state.Backlog.Count };

    private static void Settle(InMemoryState state, LedgerCommit commit, DateTimeOffset at, DateTimeOffset now, DateTimeOffset forgetAt)
    {
        foreach (var confirm in commit.Confirms)
            state.Confirm(state.Inflight.Remove(confirm.PacketId), confirm.ReasonCode, at, forgetAt);
        foreach (var release in commit.Releases) state.Inflight.Release(release);
        foreach (var dead in commit.DeadLetters) state.DeadLetter(state.Inflight.Remove(dead.PacketId), dead.Reason, at, now);
        foreach (var move in commit.Moves) state.Inflight.Move(move);
        foreach (var drop in commit.Drops)
        {
            var record = state.Backlog.TakeHead();
            if (drop.Reason is { } reason) state.DeadLetter(record, reason, at, now);
            else state.Expire(record, at, forgetAt);
        }
    }

    private static void Dispatch(InMemoryState state, LedgerCommit commit)
    {
        foreach (var assign in commit.Assigns) PutInFlight(state, state.Backlog.TakeHead(), assign.PacketId);
    }

    private static void Append(InMemoryState state, LedgerRecord record, PacketId? packetId)
    {
        var stamped = state.Stamp(record);
        if (packetId is { } id) PutInFlight(state, stamped, id);
        else state.Backlog.Append(stamped);
    }

    private static void PutInFlight(InMemoryState state, LedgerRecord record, PacketId packetId) => state.Inflight.Add(
        new InflightEntry(packetId, record, new InflightState(InflightStage.Sent, new SendOrder(record.Sequence))));

    private static List<KnownAppend>? FindKnown(InMemoryState state, LedgerCommit commit)
    {
        List<KnownAppend>? known = null;
        HashSet<MessageId>? own = null;
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var record = commit.Appends[i].Record;
            if (!record.HasApplicationId) continue;
            if (state.Index.TryGet(record.MessageId, out var existing)) (known ??= []).Add(new KnownAppend(i, existing));
            else if (!(own ??= []).Add(record.MessageId))
                (known ??= []).Add(new KnownAppend(i, new StatusAnswer(record.MessageId, LedgerStatus.Pending)));
        }

        return known;
    }
}
