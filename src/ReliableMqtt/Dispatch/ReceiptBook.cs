using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

/// <summary>Who waits for which message. Only waiters are kept: a message that nobody waits for costs no memory here. Owned by the pump.</summary>
internal sealed class ReceiptBook(TimeProvider time)
{
    private readonly Dictionary<long, object> _waiters = [];
    private readonly PriorityQueue<long, long> _order = new();

    /// <summary>Tells those concerned. Returns the receipt of a finished message, which events are raised from.</summary>
    public PublishReceipt? Tell(in Completion completion, out bool isAwaited)
    {
        isAwaited = false;
        var ticket = (PublishTicket?)completion.Ticket;
        var record = completion.Record;
        switch (completion.Kind)
        {
            case CompletionKind.Accepted:
                if (ticket is null) return null;
                if (ticket.WantsConfirm) Add(record.Sequence, ticket);
                ticket.Accept(new AcceptAnswer(AcceptStatus.Accepted, record.MessageId, record.Sequence));
                return null;
            case CompletionKind.Known:
                ticket?.Accept(new AcceptAnswer(AcceptStatus.Known, record.MessageId, completion.Existing!.Sequence, completion.Existing));
                return null;
            case CompletionKind.Full:
                ticket?.Accept(new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0));
                return null;
        }

        var receipt = ToReceipt(completion, time.GetUtcNow());
        if (_waiters.Count == 0 || !_waiters.Remove(record.Sequence, out var waiter)) return receipt;
        isAwaited = waiter is not EndWaiter;
        End(waiter, receipt, isOwn: true);
        return receipt;
    }

    /// <summary>How many messages are waited for.</summary>
    public int Count => _waiters.Count;

    public bool IsWaiting(long sequence) => _waiters.ContainsKey(sequence);

    /// <summary>The messages that are waited for, the oldest first.</summary>
    public IEnumerable<(long Sequence, MessageId MessageId)> Waiting() =>
        _waiters.Select(pair => (pair.Key, IdOf(pair.Value))).OrderBy(pair => pair.Key);

    /// <summary>Tells the end of a message that another process has sent.</summary>
    public void Tell(StatusAnswer end)
    {
        if (_waiters.Count > 0 && _waiters.Remove(end.Sequence, out var waiter)) End(waiter, StatusReceipt.Of(end), isOwn: false);
    }

    private static MessageId IdOf(object waiter) => waiter switch
    {
        Pair pair => IdOf(pair.First),
        PublishTicket ticket => ticket.Answer!.Value.MessageId,
        EndWaiter end => end.MessageId,
        _ => default,
    };

    /// <summary>Registers somebody who waits for a message that is not finished.</summary>
    public void Add(long sequence, object waiter)
    {
        if (_order.Count > (2 * _waiters.Count) + 1024)
        {
            // Most of them have had their answer: without this the order would grow for as long as there is always one who waits.
            _order.Clear();
            foreach (var waiting in _waiters.Keys) _order.Enqueue(waiting, waiting);
        }

        if (_waiters.TryAdd(sequence, waiter)) _order.Enqueue(sequence, sequence);
        else _waiters[sequence] = new Pair(_waiters[sequence], waiter);
    }

    /// <summary>
    /// Lets those go who wait for a message below this sequence, where everything is finished: its record could not be read, so nobody will tell its end, and only the
    /// ledger knows.
    /// </summary>
    public void DismissBelow(long sequence)
    {
        while (_order.TryPeek(out var first, out _) && first < sequence)
        {
            _order.Dequeue();
            if (_waiters.Remove(first, out var waiter)) Dismiss(waiter, null);
        }
    }

    /// <summary>Lets everybody go who waits: only the ledger can tell them now, or with an error, nobody.</summary>
    public void Dismiss(Func<PublishTicket, Exception>? error)
    {
        foreach (var waiter in _waiters.Values) Dismiss(waiter, error);
        _waiters.Clear();
    }

    /// <summary>Sends those to the ledger who wait for messages of these sequences: nobody here learns of their end any more.</summary>
    public void DismissLost(IReadOnlyList<SequenceRange> lost)
    {
        if (lost.Count == 0 || _waiters.Count == 0) return;
        foreach (var sequence in _waiters.Keys.Where(sequence => lost.Any(range => range.Contains(sequence))).ToList())
            if (_waiters.Remove(sequence, out var waiter)) Dismiss(waiter, null);
    }

    private static void Dismiss(object waiter, Func<PublishTicket, Exception>? error)
    {
        switch (waiter)
        {
            case Pair pair:
                Dismiss(pair.First, error);
                Dismiss(pair.Second, error);
                break;
            case PublishTicket ticket:
                if (error is null) ticket.LetGo();
                else ticket.Fail(error(ticket));
                break;
            case EndWaiter end:
                end.Source.TrySetResult(null);
                break;
        }
    }

    private static void End(object waiter, PublishReceipt receipt, bool isOwn)
    {
        switch (waiter)
        {
            case Pair pair:
                End(pair.First, receipt, isOwn);
                End(pair.Second, receipt, isOwn);
                break;
            case PublishTicket ticket when isOwn:
                ticket.End(receipt);
                break;
            case PublishTicket ticket:
                EndElsewhere(ticket, receipt);
                break;
            case EndWaiter end:
                // Where it waited for another message of this sequence, in a ledger that is no more, only the ledger can tell it the truth.
                end.Source.TrySetResult(receipt.MessageId == end.MessageId ? receipt : null);
                break;
        }
    }

    // Another process has sent it: what was given is known here only. A ledger that began anew gives out the same sequences again, to other messages.
    private static void EndElsewhere(PublishTicket ticket, PublishReceipt receipt)
    {
        if (ticket.Answer?.MessageId != receipt.MessageId || receipt.Outcome == PublishOutcome.Unknown) ticket.LetGo();
        else
            ticket.End(receipt with { Topic = ticket.Record?.Topic, QualityOfService = ticket.Record?.QualityOfService, AcceptedAt = ticket.Record?.AcceptedAt });
    }

    private static PublishReceipt ToReceipt(in Completion completion, DateTimeOffset now) => new()
    {
        MessageId = completion.Record.MessageId,
        Topic = completion.Record.Topic,
        QualityOfService = completion.Record.QualityOfService,
        Outcome = completion.Outcome,
        Attempts = completion.Attempts,
        ReasonCode = completion.ReasonCode,
        ReasonString = completion.ReasonString,
        NoMatchingSubscribers = completion is { Outcome: PublishOutcome.Confirmed, ReasonCode: ReasonCodes.NoMatchingSubscribers },
        AcceptedAt = completion.Record.AcceptedAt,
        ConfirmedAt = completion.Outcome == PublishOutcome.Confirmed ? now : null,
    };

    /// <summary>Several wait for the same message: rare, so a chain will do.</summary>
    private sealed record Pair(object First, object Second);
}
