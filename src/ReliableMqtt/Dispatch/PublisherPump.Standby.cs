using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// Without the lease: messages are accepted into the backlog, from where the owner sends them, one batch at a time so that they keep their order.
internal sealed partial class PublisherPump
{
    private bool _standby;
    private AcceptBatch? _accepting;
    private DateTimeOffset _acceptAt;
    private int _acceptRefusals;

    private void TurnStandby()
    {
        if (!_standby) return;
        StartAccept();
        StartAsking();
    }

    private void StartAccept()
    {
        if (MustWait || _early.Count == 0 || _stopping.IsCancellationRequested) return;
        if (_time.GetUtcNow() < _acceptAt)
        {
            WakeBy(_acceptAt);
            return;
        }

        List<Incoming> messages = [];
        var bytes = 0L;
        while (messages.Count < Settings.MaxBatch && _early.TryPeek(out var next))
        {
            if ((bytes += next.Record.Size) > Settings.MaxBatchBytes && messages.Count > 0) break;
            _early.Dequeue();
            if (next.Ticket?.TryTake() != false) messages.Add(next);
        }

        if (messages.Count == 0) return;
        _accepting = new AcceptBatch(messages);
        _ = AcceptAsync(_accepting);
    }

    private async Task AcceptAsync(AcceptBatch batch)
    {
        var begun = _time.GetTimestamp();
        try
        {
            batch.Answers = await _ledger.AcceptAsync(batch.Messages.ConvertAll(message => message.Record), _stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return; // Stopping: who waits is told that it is not known.
        }
#pragma warning disable CA1031 // Whatever it is, nothing was stored: that is the ledger's contract. It is tried again until the callers' time is over.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.AcceptUnavailable(_logger, batch.Messages.Count, error);
        }

        Metrics?.OnLedgerCall("accept", _time.GetElapsedTime(begun), batch.Answers is null);
        _isLedgerSilent = batch.Answers is null;

        Post(new(PumpInputKind.Accepted) { Subject = batch });
    }

    private void OnAccepted(AcceptBatch batch, DateTimeOffset now)
    {
        _accepting = null;
        List<Incoming> left = [];
        for (var i = 0; i < batch.Messages.Count; i++)
        {
            var message = batch.Messages[i];
            if (batch.Answers?[i] is not { } answer) left.Add(message);
            else if (answer.Status == AcceptStatus.Full && Settings.Overflow == OverflowPolicy.Wait) left.Add(message);
            else Answer(message, answer);
        }

        if (left.Count > 0)
        {
            foreach (var message in left) message.Ticket?.GiveBack();
            Requeue(left);
            _acceptRefusals = batch.Answers is null ? 0 : _acceptRefusals + 1;
            _acceptAt = now + (batch.Answers is null ? LedgerRetry : Settings.RetryDelay(_acceptRefusals));
        }
        else
            _acceptRefusals = 0;

        if (_session is null) return;
        GiveEarly();
        _session.OnWork();
    }

    private void Answer(in Incoming message, in AcceptAnswer answer)
    {
        if (answer.Status == AcceptStatus.Accepted) Metrics?.OnAccepted();
        else if (answer.Status == AcceptStatus.Known) Metrics?.OnKnown();
        if (message.Ticket is not PublishTicket ticket) return;
        if (answer.Status != AcceptStatus.Accepted)
        {
            ticket.Accept(answer with { Sequence = answer.Existing?.Sequence ?? 0 });
            return;
        }

        // Its end may have been told before the answer came, or it is this process's own by now.
        var where = _session?.Locate(answer.Sequence, answer.MessageId) ?? Whereabouts.Pending;
        var isPending = ticket.WantsConfirm && where == Whereabouts.Pending;
        if (isPending) _receipts.Add(answer.Sequence, ticket);
        ticket.Accept(answer);
        if (isPending && _told.TryGet(answer.Sequence, out var end)) _receipts.Tell(end);
        if (!isPending) ticket.LetGo();
    }

    /// <summary>Puts messages back to the head of those that wait.</summary>
    private void Requeue(List<Incoming> messages)
    {
        if (messages.Count == 0) return;
        Incoming[] all = [.. messages, .. _early];
        _early.Clear();
        foreach (var message in all) _early.Enqueue(message);
    }

    /// <summary>This process owns the publisher id now: the session tells all ends from here on, and what came to its end before, the ledger.</summary>
    private void EndStandby()
    {
        _standby = false;
        _receipts.Dismiss(null);
        while (_asking.TryDequeue(out var waiter)) waiter.Source.TrySetResult(null);
    }

    private void OnCounted(LedgerStatistics statistics)
    {
        Metrics?.OnCounted(statistics);
        _session?.OnBacklogCount(statistics.Backlog);
        if (_session is not null) return;
        Show(new((int)statistics.InFlight, statistics.Backlog + statistics.InFlight, _snapshot.Resumed, statistics.OldestAcceptedAt, _acceptRefusals > 0), _time.GetUtcNow());
    }
}

/// <summary>New messages that the ledger is asked to accept, and its answers; null when it did not take them.</summary>
internal sealed record AcceptBatch(List<Incoming> Messages)
{
    public IReadOnlyList<AcceptAnswer>? Answers { get; set; }
}
