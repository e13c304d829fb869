using ReliableMqtt.Dispatch;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>
/// A call of <c>PublishAsync</c> that waits for the end of its message: the task that the caller has is this object's, so that a message costs no other task, timer or state machine.
/// </summary>
/// <param name="publisher">Whose call it is.</param>
/// <param name="throws">An end that is no success is an exception.</param>
internal sealed class PublishCall(ReliablePublisher publisher, bool throws) : PublishTicket(wantsConfirm: true)
{
    private CancellationTokenRegistration _cancellation;
    private Search? _search;
    private bool _wasFull;

    // The place among the deadlines, which alone touch it.
    public PublishCall? Next { get; set; }
    public PublishCall? Previous { get; set; }
    /// <summary>Where it stands, or stood last; null when its time never ends.</summary>
    public DeadlineLine? Line { get; set; }
    /// <summary>When its time is over; zero while it stands nowhere.</summary>
    public TimeSpan Due { get; set; }

    private TimeSpan Timeout => Line?.Timeout ?? System.Threading.Timeout.InfiniteTimeSpan;

    private LedgerRecord Message => Record!;

    /// <summary>From now on its time runs, and the token is heard.</summary>
    public void Begin(TimeSpan timeout, CancellationToken cancellationToken)
    {
        publisher.Deadlines.Add(this, timeout, isGrace: false);
        if (!cancellationToken.CanBeCanceled) return;
        _cancellation = cancellationToken.UnsafeRegister(static (call, token) => ((PublishCall)call!).Cancel(token), this);
        if (Task.IsCompleted) _cancellation.Unregister();
    }

    /// <summary>Its end is being looked for; ends when the call does.</summary>
    /// <param name="found">What is known of the message meanwhile.</param>
    public CancellationToken BeginSearch(PublishReceipt found)
    {
        var search = new Search(found);
        _search = search;
        Interlocked.MemoryBarrier();
        if (Task.IsCompleted) search.Ended.Cancel();
        return search.Ended.Token;
    }

    public override void Fail(Exception error)
    {
        if (!TrySetException(error)) return;
        _ = Task.Exception;
        Release();
    }

    /// <summary>The time is over. When a commit has the message just now, a moment more mostly tells what is true of it.</summary>
    public void OnDeadline(bool isFull)
    {
        var timeout = Timeout;
        if (_search?.Found is { } found) Fail(PublishErrors.ConfirmTimeout(found, timeout, Message.ExpiresAt is not null));
        else if (Answer is { } answer) Fail(PublishErrors.ConfirmTimeout(ReceiptOf(Message, answer), timeout, Message.ExpiresAt is not null));
        else if (TryWithdraw() || Line!.IsGrace) Fail(IsWithdrawn ? PublishErrors.NotStoredInTime(Message, timeout, isFull) : PublishErrors.Unknown(Message, timeout));
        else
        {
            _wasFull = isFull;
            publisher.Deadlines.Add(this, timeout, isGrace: true);
        }
    }

    /// <summary>The receipt of a message that is in the ledger.</summary>
    public static PublishReceipt ReceiptOf(LedgerRecord record, in Ledger.AcceptAnswer answer) => new()
    {
        MessageId = answer.MessageId,
        Topic = record.Topic,
        QualityOfService = record.QualityOfService,
        Outcome = PublishOutcome.Pending,
        Attempts = 0,
        AcceptedAt = record.AcceptedAt,
    };

    protected override void Complete(PublishReceipt? receipt)
    {
        if (receipt is null) _ = publisher.FindEndAsync(this);
        else if (throws && receipt.Outcome is not (PublishOutcome.Confirmed or PublishOutcome.Sent)) Fail(PublishErrors.Of(receipt));
        else if (TrySetResult(receipt)) Release();
    }

    protected override void OnTakenBack() => Fail(IsWithdrawn ? PublishErrors.NotStoredInTime(Message, Timeout, _wasFull) : PublishErrors.Unknown(Message, Timeout));

    private void Cancel(CancellationToken token)
    {
        TryWithdraw();
        if (TrySetCanceled(token)) Release();
    }

    private void Release()
    {
        publisher.Deadlines.Remove(this);
        _cancellation.Unregister();
        Interlocked.MemoryBarrier();
        _search?.Ended.Cancel();
    }

    /// <summary>Its end is looked for in the ledger: rare.</summary>
    private sealed record Search(PublishReceipt Found)
    {
        public CancellationTokenSource Ended { get; } = new();
    }
}
