using ReliableMqtt.Ledger;

namespace ReliableMqtt.Dispatch;

// Without the lease: ends are told by the owner through the ledger, best effort, and asked for in case that failed.
internal sealed partial class PublisherPump
{
    private const int AskedAtOnce = 500;
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    /// <summary>Waiters that have come just now: their message may have ended long ago.</summary>
    private readonly Queue<EndWaiter> _asking = new();
    private readonly RecentEnds _told = new();
    private Queue<(long Sequence, MessageId MessageId)> _sweep = new();
    private DateTimeOffset _sweepAt;
    private bool _isAsking;

    private void StartAsking()
    {
        if (_isAsking) return;
        List<(long Sequence, MessageId MessageId)> asked = [];
        List<EndWaiter> waiters = [];
        while (waiters.Count < AskedAtOnce && _asking.TryDequeue(out var waiter)) waiters.Add(waiter);
        if (waiters.Count == 0) TakeSweep(asked);
        if (waiters.Count + asked.Count == 0) return;
        _isAsking = true;
        _ = AskAsync(new FoundAnswer(waiters, asked));
    }

    private void TakeSweep(List<(long Sequence, MessageId MessageId)> asked)
    {
        if (_receipts.Count == 0) return;
        var now = _time.GetUtcNow();
        if (_sweep.Count == 0)
        {
            if (now < _sweepAt)
            {
                WakeBy(_sweepAt);
                return;
            }

            _sweepAt = now + AskAgain;
            _sweep = new(_receipts.Waiting());
        }

        while (asked.Count < AskedAtOnce && _sweep.TryDequeue(out var next))
            if (_receipts.IsWaiting(next.Sequence)) asked.Add(next);
        if (asked.Count == 0) WakeBy(_sweepAt);
    }

    private async Task AskAsync(FoundAnswer question)
    {
        try
        {
            question.Answers = await _ledger.FindAsync(
                [.. question.Waiters.Select(waiter => waiter.MessageId), .. question.Asked.Select(asked => asked.MessageId)], _stopping.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is: it is asked again.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The ledger does not answer, or the publisher stops.
        }

        Post(new(PumpInputKind.Found) { Subject = question });
    }

    private void OnFound(FoundAnswer found)
    {
        _isAsking = false;
        for (var i = 0; i < found.Waiters.Count; i++)
        {
            var waiter = found.Waiters[i];
            if (!_standby || found.Answers is not { } answers) waiter.Source.TrySetResult(null);
            else if (answers[i].Status == LedgerStatus.Pending) Register(waiter, answers[i]);
            else waiter.Source.TrySetResult(StatusReceipt.Of(answers[i]));
        }

        for (var i = 0; _standby && found.Answers is not null && i < found.Asked.Count; i++)
        {
            var answer = found.Answers[found.Waiters.Count + i];
            // It is asked by id: after a replay the message has another sequence than the one that is waited for.
            if (answer.Status != LedgerStatus.Pending) _receipts.Tell(answer with { Sequence = found.Asked[i].Sequence });
        }
    }

    private void Register(EndWaiter waiter, StatusAnswer answer)
    {
        _receipts.Add(answer.Sequence, waiter);
        if (_told.TryGet(answer.Sequence, out var end)) _receipts.Tell(end);
    }

    private void OnFinishedElsewhere(IReadOnlyList<StatusAnswer> answers)
    {
        foreach (var answer in answers)
        {
            _told.Add(answer);
            if (_standby) _receipts.Tell(answer);
        }
    }
}

/// <summary>What the ledger was asked: for waiters that have just come, and for those who wait for long.</summary>
internal sealed record FoundAnswer(List<EndWaiter> Waiters, List<(long Sequence, MessageId MessageId)> Asked)
{
    /// <summary>For the waiters, then for the others; null when there was no answer.</summary>
    public IReadOnlyList<StatusAnswer>? Answers { get; set; }
}
