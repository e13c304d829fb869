using ReliableMqtt.Ledger;

namespace ReliableMqtt.Session;

// The ledger's answer: only here may a first PUBLISH or PUBREL leave (W1–W3), and only here is a packet id free again (W4).
internal sealed partial class PublishSession
{
    /// <summary>The ledger has answered the commit that is on its way.</summary>
    /// <param name="result">The answer.</param>
    /// <param name="now">The time.</param>
    /// <param name="mayStillBeRead">An earlier call for this commit has failed, and the ledger may not be done with it: what it was given then is never changed.</param>
    /// <returns>A commit that must be made at once instead, or null. What it is given with it the ledger has until it answers.</returns>
    public LedgerCommit? OnCommitted(CommitResult result, DateTimeOffset now, bool mayStillBeRead = false)
    {
        var commit = _outstanding ?? throw new InvalidOperationException("No commit is on its way.");
        switch (result.Status)
        {
            case CommitStatus.Fenced:
                if (result.Earlier is { } earlier) Settle(commit, earlier, now);
                Outputs.Stopped = result.Status;
                return null;
            case CommitStatus.RolledBack:
                OnRolledBack();
                return null;
            case CommitStatus.KnownIds:
                return WithoutKnown(commit, result.Known, now);
        }

        _outstanding = null;
        _tail = result.Tail;
        _backlogCount = result.BacklogCount;
        _nothingToRead = false;
        _keptSession = commit.Session ?? _keptSession;
        var refused = result.Status == CommitStatus.AppendsRefused;
        if (refused) ReturnAppends(commit, now, isFull: true);
        else if (result.FirstMoved != 0) MoveAppends(commit, result.FirstMoved);

        Remember(commit, now);
        foreach (var (record, reason) in commit.Drops)
            Outputs.Completions.Add(new Completion(CompletionKind.Finished, record)
            {
                Outcome = reason is null ? PublishOutcome.Expired : PublishOutcome.DeadLettered,
                ReasonString = reason?.Text,
                Attempts = record.Refusals,
            });
        foreach (var handshake in commit.Stored)
            if (handshake.StoredBy == commit.Operation) OnStored(handshake, now);
            else handshake.Kept = InflightStage.Released; // The broker has lost the session meanwhile, and it goes another way now.
        foreach (var handshake in commit.Assigns) OnStored(handshake, now);
        foreach (var incoming in commit.Appends)
            Outputs.Completions.Add(new Completion(CompletionKind.Accepted, incoming.Record) { Ticket = incoming.Ticket, Outcome = PublishOutcome.Pending });
        foreach (var handshake in commit.Direct) OnStored(handshake, now);

        if (!refused)
        {
            _appendRefusals = 0;
            _appendLimit = Math.Min(_settings.MaxBatch, Math.Max(1, _appendLimit) * 2);
        }

        if (!refused && result.FirstMoved == 0 && commit.Appends.Count > commit.Direct.Count)
            PrefetchAppended(commit.Appends[commit.Direct.Count..], _backlogCount - (commit.Appends.Count - commit.Direct.Count));
        else if (_prefetched.Count == 0 && _backlogCount == 0) _prefetchedUpTo = Math.Max(_prefetchedUpTo, _tail);
        _answered = commit.Clear(UsualLength, mayStillBeRead);
        RecycleWhenDrained();
        return null;
    }

    /// <summary>
    /// Somebody else owns the ledger now, and it says what became of the last commit: the new messages in it are accepted, or certainly not stored. All else is the next owner's.
    /// </summary>
    private void Settle(Commit commit, CommitResult earlier, DateTimeOffset now)
    {
        _outstanding = null;
        if (earlier.Status != CommitStatus.Applied)
        {
            ReturnAppends(commit, now, isFull: false);
            return;
        }

        if (earlier.FirstMoved != 0) MoveAppends(commit, earlier.FirstMoved);
        foreach (var incoming in commit.Appends)
            Outputs.Completions.Add(new Completion(CompletionKind.Accepted, incoming.Record) { Ticket = incoming.Ticket, Outcome = PublishOutcome.Pending });
    }

    private void OnStored(Handshake handshake, DateTimeOffset now)
    {
        var stage = handshake.Stage;
        var step = MustStep(handshake, HandshakeEvent.Stored);
        switch (step.Effect)
        {
            case HandshakeEffect.SendPubRel:
                handshake.Kept = InflightStage.Released;
                OfferPubRel(handshake, now);
                break;
            case HandshakeEffect.SendPublish:
                if (stage == HandshakeStage.Renewing) TakeNewPacketId(handshake);
                handshake.Kept = InflightStage.Sent;
                OfferPublish(handshake, now);
                break;
            case HandshakeEffect.Finish:
                Remove(handshake);
                if (_givenUp.Remove(handshake)) SendWaiting(now);
                if (stage == HandshakeStage.Abandoning)
                    Finish(handshake, handshake.Reason!.Cause == DeadLetterCause.Rejected ? PublishOutcome.Rejected : PublishOutcome.DeadLettered,
                        handshake.Reason.ReasonCode, handshake.Reason.Text);
                break;
            default:
                handshake.Kept = InflightStage.Parked;
                Park(handshake);
                break;
        }
    }

    private void TakeNewPacketId(Handshake handshake)
    {
        Remove(handshake);
        handshake.PacketId = handshake.NewPacketId;
        handshake.Order = handshake.NewOrder;
        handshake.EverSent = handshake.Resent = false;
        handshake.SentOn = 0;
        _inflight.Add(handshake.PacketId, handshake);
    }

    private void Remove(Handshake handshake)
    {
        _inflight.Remove(handshake.PacketId);
        if (handshake.PacketIdTainted) _ids.Quarantine(handshake.PacketId);
        else _ids.Free(handshake.PacketId);
        handshake.PacketIdTainted = false;
    }

    /// <summary>The commit as it is to be made instead; null when nothing is left of it.</summary>
    private LedgerCommit? WithoutKnown(Commit commit, IReadOnlyList<KnownAppend> known, DateTimeOffset now)
    {
        DropKnown(commit, known);
        // The broker may have lost the session meanwhile: what goes another way since then is for the next commit.
        commit.Stored.RemoveAll(handshake => handshake.StoredBy != commit.Operation);
        commit.Rephrase();
        if (!commit.IsEmpty) return ToLedger(commit, now);
        _operation--;
        _outstanding = null;
        return null;
    }

    /// <summary>Some ids were known: those messages are answered with what is known, the others go on in the same operation.</summary>
    private void DropKnown(Commit commit, IReadOnlyList<KnownAppend> known)
    {
        foreach (var (index, existing) in known)
            Outputs.Completions.Add(new Completion(CompletionKind.Known, commit.Appends[index].Record)
            {
                Ticket = commit.Appends[index].Ticket,
                Existing = existing,
            });

        var drop = known.Select(k => k.Index).ToHashSet();
        List<Incoming> appends = [];
        List<Handshake> direct = [];
        _lastOrder = commit.OrderBeforeAppends;
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var begun = i < commit.Direct.Count ? commit.Direct[i] : null;
            if (drop.Contains(i))
            {
                if (begun is not null) Undo(begun);
                continue;
            }

            var incoming = commit.Appends[i] with { Record = Stamp(commit.Appends[i].Record, _tail + appends.Count + 1) };
            appends.Add(incoming);
            if (begun is null) continue;
            begun.Record = incoming.Record;
            begun.Order = _lastOrder = new SendOrder(incoming.Record.Sequence);
            direct.Add(begun);
        }

        (commit.Appends, commit.Direct) = (appends, direct);
    }

    /// <summary>The store has no room: the new messages wait for it, or are refused, as the policy says.</summary>
    private void ReturnAppends(Commit commit, DateTimeOffset now, bool isFull)
    {
        UndoDirect(commit);
        var appends = commit.Appends;
        commit.Appends = [];

        // There may be room for some of them: only a single one that finds none is refused, or waits.
        _appendLimit = Math.Max(1, appends.Count / 2);
        if (appends.Count == 1 && isFull && _settings.Overflow == OverflowPolicy.Reject)
        {
            Outputs.Completions.Add(new Completion(CompletionKind.Full, appends[0].Record) { Ticket = appends[0].Ticket, Outcome = PublishOutcome.NotAccepted });
            return;
        }

        foreach (var incoming in appends) incoming.Ticket?.GiveBack();
        _incoming = new Queue<Incoming>([.. appends.Select(Unstamp), .. _incoming]);
        if (appends.Count != 1 || !isFull) return;
        _appendsBlockedUntil = now + _settings.RetryDelay(++_appendRefusals);
        WakeBy(_appendsBlockedUntil);
    }

    /// <summary>Others had appended before: ours stand in the backlog, behind theirs.</summary>
    private void MoveAppends(Commit commit, long first)
    {
        UndoDirect(commit);
        commit.Appends = [.. commit.Appends.Select((a, i) => a with { Record = Stamp(a.Record, first + i) })];
    }

    /// <summary>A new message as it was given.</summary>
    public static Incoming Unstamp(Incoming incoming) => incoming.Record.HasApplicationId
        ? incoming with { Record = incoming.Record with { Sequence = 0 } }
        : incoming with { Record = incoming.Record with { Sequence = 0, MessageId = default } };

    /// <summary>No append becomes a handshake at once: others may get their sequences, and with them their places in the order.</summary>
    private void UndoDirect(Commit commit)
    {
        foreach (var handshake in commit.Direct) Undo(handshake);
        commit.Direct = [];
        _lastOrder = commit.OrderBeforeAppends;
    }

    /// <summary>A handshake that the ledger did not take: as if it had never begun. Nothing of it has left.</summary>
    private void Undo(Handshake handshake)
    {
        Remove(handshake);
        handshake.Stage = HandshakeStage.Finished;
        _open--;
        _leftBacklog = Math.Min(_leftBacklog, handshake.Record.Sequence - 1);
    }
}
