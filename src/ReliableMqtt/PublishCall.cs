using ReliableMqtt.Dispatch;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>
/// A call of <c>PublishAsync</c> that waits for the end of its message: the task that the caller has is this object's, so that a message costs no other task, timer or state machine.
/// </summary>
/// <param name="deadlines">Where its time is kept.</param>
/// <param name="search">Finds the end where this process no longer learns it by itself.</param>
/// <param name="timeout">How long it waits.</param>
/// <param name="throws">An end that is no success is an exception.</param>
internal sealed class PublishCall(Deadlines deadlines, Func<PublishCall, Task> search, TimeSpan timeout, bool throws) : PublishTicket(wantsConfirm: true)
{
    private static readonly TimeSpan CommitGrace = TimeSpan.FromMilliseconds(500);

    private CancellationTokenRegistration _cancellation;
    private CancellationTokenSource? _searching;
    private PublishReceipt? _found;
    private bool _hadGrace;
    private bool _wasFull;

    // The place among the deadlines, which alone touch it.
    public PublishCall? Next { get; set; }
    public PublishCall? Previous { get; set; }
    public DeadlineLine? Line { get; set; }
    public TimeSpan Due { get; set; }

    public TimeSpan Timeout => timeout;

    private LedgerRecord Message => Record!;

    /// <summary>From now on its time runs, and the token is heard.</summary>
    public void Begin(CancellationToken cancellationToken)
    {
        deadlines.Add(this, timeout);
        if (!cancellationToken.CanBeCanceled) return;
        _cancellation = cancellationToken.UnsafeRegister(static (call, token) => ((PublishCall)call!).Cancel(token), this);
        if (Task.IsCompleted) _cancellation.Unregister();
    }

    /// <summary>Its end is being looked for; ends when the call does.</summary>
    /// <param name="found">What is known of the message meanwhile.</param>
    public CancellationToken BeginSearch(PublishReceipt found)
    {
        var searching = new CancellationTokenSource();
        (_found, _searching) = (found, searching);
        Interlocked.MemoryBarrier();
        if (Task.IsCompleted) searching.Cancel();
        return searching.Token;
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
        if (_found is { } found) Fail(PublishErrors.ConfirmTimeout(found, timeout, Message.ExpiresAt is not null));
        else if (Answer is { } answer) Fail(PublishErrors.ConfirmTimeout(ReceiptOf(Message, answer), timeout, Message.ExpiresAt is not null));
        else if (TryWithdraw() || _hadGrace) Fail(IsWithdrawn ? PublishErrors.NotStoredInTime(Message, timeout, isFull) : PublishErrors.Unknown(Message, timeout));
        else
        {
            (_hadGrace, _wasFull) = (true, isFull);
            deadlines.Add(this, CommitGrace);
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
        if (receipt is null) _ = search(this);
        else if (throws && receipt.Outcome is not (PublishOutcome.Confirmed or PublishOutcome.Sent)) Fail(PublishErrors.Of(receipt));
        else if (TrySetResult(receipt)) Release();
    }

    protected override void OnTakenBack() => Fail(IsWithdrawn ? PublishErrors.NotStoredInTime(Message, timeout, _wasFull) : PublishErrors.Unknown(Message, timeout));

    private void Cancel(CancellationToken token)
    {
        TryWithdraw();
        if (TrySetCanceled(token)) Release();
    }

    private void Release()
    {
        deadlines.Remove(this);
        _cancellation.Unregister();
        Interlocked.MemoryBarrier();
        _searching?.Cancel();
    }
}
