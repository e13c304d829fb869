using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// One turn: store, then receipt, then wire. With the wire first acks come back one by one while receipts are told: more turns, with less in each.
internal sealed partial class PublisherPump
{
    private static readonly TimeSpan LedgerRetry = TimeSpan.FromMilliseconds(250);

    private DateTimeOffset _fullSince;

    private void Turn(PublishSession session)
    {
        var now = _time.GetUtcNow();
        session.Tick(now);
        Drain(session);

        // A ledger that answers at once (memory) is answered here; any other one by an input. Once the end has begun nothing more is given to it, so that it can be said
        // of what waits that it is not stored.
        while (_session == session && !_stopping.IsCancellationRequested && session.BuildCommit(now) is { } commit)
        {
            Drain(session);
            var answer = CommitAsync(session, commit);
            if (!answer.IsCompletedSuccessfully)
            {
                _ = ReportAsync(session, answer);
                break;
            }

            OnCommitted(answer.Result, now);
        }

        Drain(session);
        if (_session != session) return;
        if (session.TryBeginRead(out var after, out var count)) _ = ReadBacklogAsync(session, after, count);
        _receipts.DismissBelow(session.LowestUnfinished);
        var snapshot = new PumpSnapshot(session.InFlight, session.Pending, session.Resumed, session.OldestAcceptedAt, session.IsFull);
        if (snapshot != _snapshot) Show(snapshot, now);
        if (session.WakeAt is { } at) WakeBy(at);
    }

    private void OnCommitted(CommitAnswer answer, DateTimeOffset now)
    {
        if (answer.Session == _leaving) OnLastAnswer(_leaving, answer.Result, now);
        if (answer.Session != _session) return;
        var again = _session.OnCommitted(answer.Result, now, answer.MayStillBeRead);
        Drain(_session);
        if (_session is not null && again is not null) _ = ReportAsync(_session, CommitAsync(_session, again));
    }

    /// <summary>Does what the session wants done.</summary>
    private void Drain(PublishSession session)
    {
        TellCompletions(session);
        var outputs = session.Outputs;
        _cleanStart = session.NeedsCleanStart;
        if (_connection is { } connection)
        {
            if (outputs.Sends.Count > 0) Send(connection, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(outputs.Sends));
            if (outputs.Probe) Wire!.Probe(connection.ConnectionId);
            if (outputs.Recycle is { } reason) Wire!.Recycle(connection.ConnectionId, reason);
        }

        foreach (var stray in outputs.Strays)
            if (_strayLines.TryPass(out var others)) Log.StrayAck(_logger, stray.Ack.Kind, stray.Ack.PacketId.Value, stray.Ack.ReasonCode, stray.Error, others);
        if (outputs.Suspect is { } suspect) Log.Suspected(_logger, suspect.MessageId);
        if (outputs.Restore is { } restore) _ = RestoreAsync(session, restore);
        outputs.Clear();
        if (outputs.Stopped is { } status) Abandon(status, isAnswered: true);
    }

    private void TellCompletions(PublishSession session)
    {
        foreach (ref readonly var completion in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(session.Outputs.TakeCompletions()))
        {
            try
            {
                Tell(completion);
            }
#pragma warning disable CA1031 // Somebody who listens to the metrics, or a bug of ours: the others must hear of theirs.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.TellingFailed(_logger, error);
            }
        }
    }

    private void Tell(in Completion completion)
    {
        var receipt = _receipts.Tell(completion, out var isAwaited);
        if (completion.Kind == CompletionKind.Accepted) Metrics?.OnAccepted();
        else if (completion.Kind == CompletionKind.Known) Metrics?.OnKnown();
        if (receipt is not null) Finished?.Invoke(new FinishedMessage(receipt, completion.Record, completion.SentAt, isAwaited));
    }

    private void Send(ConnectionInfo connection, ReadOnlySpan<OutboundPacket> packets)
    {
        Metrics?.OnSent(packets);
        Wire!.Send(connection.ConnectionId, packets);
    }

    private void Show(PumpSnapshot snapshot, DateTimeOffset now)
    {
        if (snapshot.IsFull && !_snapshot.IsFull)
        {
            _fullSince = now;
            Log.BackpressureStarted(_logger, snapshot.Pending);
        }
        else if (!snapshot.IsFull && _snapshot.IsFull)
        {
            Metrics?.OnRoomAgain(now - _fullSince);
            Log.BackpressureEnded(_logger, now - _fullSince);
        }

        Volatile.Write(ref _snapshot, snapshot);
    }

    /// <summary>Commits, and does not give up: until there is a definite answer, nothing that the commit guards may happen.</summary>
    private async ValueTask<CommitAnswer> CommitAsync(PublishSession session, LedgerCommit commit)
    {
        var failures = 0;
        while (true)
        {
            var begun = _time.GetTimestamp();
            try
            {
                var result = await _ledger.CommitAsync(commit, _stopping.Token).ConfigureAwait(false);
                Metrics?.OnLedgerCall("commit", _time.GetElapsedTime(begun), failed: false);
                if (_isLedgerSilent) _isLedgerSilent = false;
                return new CommitAnswer(session, result, MayStillBeRead: failures > 0);
            }
            catch (LedgerUnavailableException error)
            {
                Metrics?.OnLedgerCall("commit", _time.GetElapsedTime(begun), failed: true);
                _isLedgerSilent = true;
                if (failures++ == 0) Log.LedgerUnavailable(_logger, commit.Operation, error);
                await Task.Delay(LedgerRetry, _time, _stopping.Token).ConfigureAwait(false);
                if (_session != session && _leaving != session) throw new OperationCanceledException("Another session has taken over.");
            }
        }
    }

    private async Task ReportAsync(PublishSession session, ValueTask<CommitAnswer> answer)
    {
        try
        {
            Post(new(PumpInputKind.Committed) { Subject = await answer.ConfigureAwait(false) });
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested || (_session != session && _leaving != session))
        {
            // Stopping, or no longer the owner: the next one finds in the ledger what was stored.
        }
#pragma warning disable CA1031 // The ledger broke its contract; start anew from what it holds.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.PumpFailed(_logger, error);
            Post(new(PumpInputKind.Broken) { Subject = session });
        }
    }

    private async Task ReadBacklogAsync(PublishSession session, long after, int count)
    {
        IReadOnlyList<LedgerRecord> records = [];
        try
        {
            records = await _ledger.ReadBacklogAsync(after, count, _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever it is: it is read again.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.BacklogUnreadable(_logger, error);
        }

        Post(new(PumpInputKind.Backlog) { Subject = new BacklogPage(session, records) });
    }

    /// <summary>Makes the loop turn at this time, if not before.</summary>
    private void WakeBy(DateTimeOffset at)
    {
        if (_timerAt <= at) return;
        _timerAt = at;
        var wait = at - _time.GetUtcNow();
        _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}

/// <summary>A page of the backlog that was read for this session.</summary>
internal sealed record BacklogPage(PublishSession Session, IReadOnlyList<LedgerRecord> Records);

/// <summary>The answer to a commit of this session.</summary>
/// <param name="Session">The session.</param>
/// <param name="Result">The answer.</param>
/// <param name="MayStillBeRead">A call before has failed: should the ledger not be done with it, against its contract, what it reads must not change.</param>
internal sealed record CommitAnswer(PublishSession Session, CommitResult Result, bool MayStillBeRead);
