using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

/// <summary>A publishing call that waits: for the accept, or for the end of the message as well. Its task never runs user code inside the pump's loop.</summary>
/// <param name="wantsConfirm">The call waits for the end of the message.</param>
internal class PublishTicket(bool wantsConfirm) : TaskCompletionSource<PublishReceipt?>(TaskCreationOptions.RunContinuationsAsynchronously), ITicket
{
    // Revoked: a commit has the message, and the caller would take it back if that does not store it.
    private const int Waiting = 0, Taken = 1, Withdrawn = 2, Revoked = 3;

    // What Answer is made of.
    private const byte None = 0, AsRecorded = 1, Other = 2;

    private object? _other;
    private int _state;
    private volatile byte _answer;
    private volatile bool _mayBeStored;

    public bool WantsConfirm { get; } = wantsConfirm;

    /// <summary>What was given, for the receipt.</summary>
    public LedgerRecord? Record { get; init; }

    /// <summary>The answer of the ledger; null until it is known.</summary>
    public AcceptAnswer? Answer => _answer switch
    {
        None => null,
        AsRecorded => new AcceptAnswer(AcceptStatus.Accepted, Record!.MessageId, Record.Sequence),
        _ => (AcceptAnswer)_other!,
    };

    /// <summary>Completes with the final receipt, or with null when <see cref="Answer"/> says all that this process can tell.</summary>
    public Task<PublishReceipt?> Done => Task;

    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    public void GiveBack(bool mayBeStored = false)
    {
        if (mayBeStored) _mayBeStored = true; // What a later attempt says, does not take back what an earlier one may have done.
        if (Interlocked.CompareExchange(ref _state, Waiting, Taken) == Taken) return;
        if (Interlocked.CompareExchange(ref _state, Withdrawn, Revoked) == Revoked) OnTakenBack();
    }

    /// <summary>Takes the message back. False: a commit has it; should that not store it, it is taken back then.</summary>
    public bool TryWithdraw()
    {
        if (Interlocked.CompareExchange(ref _state, Withdrawn, Waiting) == Waiting) return true;
        Interlocked.CompareExchange(ref _state, Revoked, Taken);
        return Volatile.Read(ref _state) == Withdrawn;
    }

    /// <summary>The message was taken back: it is not in the ledger, unless an attempt with an unknown answer has stored it.</summary>
    public bool IsWithdrawn => Volatile.Read(ref _state) == Withdrawn && !_mayBeStored;

    public void Accept(in AcceptAnswer answer)
    {
        // The message itself mostly says it: it has been stamped with what it was accepted as, once and for all.
        var isRecorded = answer.Status == AcceptStatus.Accepted && Record is { } record && record.Sequence == answer.Sequence && record.MessageId == answer.MessageId;
        if (!isRecorded) _other = answer;
        _answer = isRecorded ? AsRecorded : Other;
        if (!WantsConfirm || answer.Status != AcceptStatus.Accepted) Complete(null);
    }

    /// <summary>The message is finished.</summary>
    public void End(PublishReceipt receipt) => Complete(receipt);

    /// <summary>This process no longer learns the end of the message: the ledger must be asked.</summary>
    public void LetGo() => Complete(null);

    public virtual void Fail(Exception error)
    {
        if (TrySetException(error)) _ = Task.Exception;
    }

    /// <summary>The end, or null when somebody else must be asked for it.</summary>
    protected virtual void Complete(PublishReceipt? receipt) => TrySetResult(receipt);

    /// <summary>The commit that had the message has not stored it, and the caller wants it back.</summary>
    protected virtual void OnTakenBack() => TrySetResult(null);
}
