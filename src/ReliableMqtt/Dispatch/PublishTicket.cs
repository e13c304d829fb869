using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

/// <summary>A publishing call that waits: for the accept, or for the end of the message as well.</summary>
/// <param name="wantsConfirm">The call waits for the end of the message.</param>
internal sealed class PublishTicket(bool wantsConfirm) : ITicket
{
    // Revoked: a commit has the message, and the caller would take it back if that does not store it.
    private const int Waiting = 0, Taken = 1, Withdrawn = 2, Revoked = 3;

    // Continuations run user code: never inside the pump's loop.
    private readonly TaskCompletionSource<PublishReceipt?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StrongBox? _answer;
    private int _state;
    private volatile bool _mayBeStored;

    public bool WantsConfirm { get; } = wantsConfirm;

    /// <summary>What was given, for the receipt.</summary>
    public LedgerRecord? Record { get; init; }

    /// <summary>The answer of the ledger; null until it is known.</summary>
    public AcceptAnswer? Answer => Volatile.Read(ref _answer)?.Value;

    /// <summary>Completes with the final receipt, or with null when <see cref="Answer"/> says all that this process can tell.</summary>
    public Task<PublishReceipt?> Done => _done.Task;

    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    public void GiveBack(bool mayBeStored = false)
    {
        _mayBeStored = mayBeStored;
        if (Interlocked.CompareExchange(ref _state, Waiting, Taken) == Taken) return;
        if (Interlocked.CompareExchange(ref _state, Withdrawn, Revoked) == Revoked) _done.TrySetResult(null);
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
        Volatile.Write(ref _answer, new StrongBox(answer));
        if (!WantsConfirm || answer.Status != AcceptStatus.Accepted) _done.TrySetResult(null);
    }

    /// <summary>The message is finished.</summary>
    public void End(PublishReceipt receipt) => _done.TrySetResult(receipt);

    /// <summary>This process no longer learns the end of the message: the ledger must be asked.</summary>
    public void LetGo() => _done.TrySetResult(null);

    public void Fail(Exception error)
    {
        if (_done.TrySetException(error)) _ = _done.Task.Exception;
    }

    private sealed class StrongBox(AcceptAnswer value)
    {
        public AcceptAnswer Value { get; } = value;
    }
}
