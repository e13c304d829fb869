namespace ReliableMqtt.Ledger;

// What a store that loses writes does, for tests of those who must live with one; and what they do about it.
internal sealed partial class InMemoryPublisher
{
    /// <summary>False from a loss of writes until an owner has seen what is left: nobody may get a sequence that others have had.</summary>
    private bool _isVerified = true;

    /// <summary>An owner has seen what is left of the store.</summary>
    public bool IsVerified
    {
        get { lock (_gate) return _isVerified; }
    }

    /// <summary>Names a life of the store: it rises when one begins, and does not go back with what it holds.</summary>
    private int _life;

    /// <summary>What there is now, to be given to <see cref="GoBack"/>: a store in memory loses no writes by itself.</summary>
    public InMemoryState Save()
    {
        lock (_gate) return _state.Copy();
    }

    /// <summary>Loses all writes since that was saved, or all when there is none.</summary>
    public void GoBack(InMemoryState? saved)
    {
        lock (_gate) (_state, _isVerified) = (saved?.Copy() ?? new InMemoryState(), false);
    }

    /// <summary>False when something of the owner's is missing.</summary>
    private bool TryVerify(long operation, long tail)
    {
        if (_state.Lease.LastOperation < operation || _state.Tail < tail) return false;
        Verify();
        return true;
    }

    /// <summary>Nothing of the owner's is missing, or there is nobody left who would know. What others have had and was lost is not given out again.</summary>
    private void Verify()
    {
        // Further each time: the jump itself may be lost, and the next one must not end where it did.
        var lost = new SequenceRange(_state.Tail + 1, _state.Tail + (InMemoryRestore.Jump * (_life + 1)));
        _state.Lost.Add(lost);
        _state.Jumped.Add(lost);
        (_state.Tail, _isVerified, _life) = (lost.Last, true, _life + 1);
    }

    /// <summary>Accepts again what the acceptor still has and the store has lost, if that can be said by now.</summary>
    public void Look(LedgerOpenOptions options, InMemoryAcceptor acceptor)
    {
        bool wake;
        lock (_gate) wake = LookNow(options, acceptor);
        if (wake) Changed?.Invoke(LedgerChange.Backlog);
    }

    /// <summary>Holds the gate. True when the owner is to be told.</summary>
    private bool LookNow(LedgerOpenOptions options, InMemoryAcceptor acceptor)
    {
        if (!_isVerified) return false;
        var before = _state.Backlog.Count;
        acceptor.Again(_state, _life, options.TimeProvider.GetUtcNow());
        return before == 0 && _state.Backlog.Count > 0;
    }

    public RestoreResult Restore(LedgerOpenOptions options, object applicant, LedgerRestore restore)
    {
        RestoreResult result;
        lock (_gate)
        {
            var now = options.TimeProvider.GetUtcNow();
            _state.Prune(now, options);
            result = InMemoryRestore.Run(_state, applicant, restore, options, now);
            if (result.Status == RestoreStatus.Restored && !_isVerified) (_isVerified, _life) = (true, _life + 1);
        }

        Changed?.Invoke(LedgerChange.Backlog);
        return result;
    }
}
