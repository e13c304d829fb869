using System.Globalization;

namespace ReliableMqtt.Ledger;

/// <summary>Who dispatches. The token fences; the clock only says who may take it next, so an expired lease nobody took stays valid.</summary>
internal sealed class InMemoryLease
{
    private object? _holder;

    /// <summary>The token of the last epoch; of one that was given back something else, which nobody holds.</summary>
    private string _token = "";
    private (string? Token, long Operation, CommitResult? Result) _before;
    private DateTimeOffset _expiresAt;
    private long _count;

    /// <summary>The number of the last applied commit of the current epoch.</summary>
    public long LastOperation { get; private set; }

    /// <summary>What that commit was answered.</summary>
    public CommitResult? LastResult { get; private set; }

    /// <summary>The number of the last restore in the current epoch, and what it was answered.</summary>
    public long LastRestoreOperation { get; private set; }

    public RestoreResult? LastRestore { get; private set; }

    public bool IsUntouched => _token.Length == 0;

    public bool IsCurrent(LedgerEpoch epoch) => _token.Length > 0 && epoch.Token == _token;

    /// <summary>The store knows nothing of the epoch and of no later one either: it has lost its acquisition.</summary>
    public bool IsBefore(LedgerEpoch epoch) => IsUntouched || epoch.Previous == _token;

    public (LeaseState State, TimeSpan? Remaining) Look(DateTimeOffset now) =>
        _holder is null ? (LeaseState.Free, null) : now < _expiresAt ? (LeaseState.Held, _expiresAt - now) : (LeaseState.Expired, null);

    public LeaseGrant Acquire(object applicant, TimeSpan duration, DateTimeOffset now)
    {
        if (_holder is not null && _holder != applicant && now < _expiresAt)
            return new LeaseGrant(null, "another ledger object on this store", _expiresAt - now);
        _holder = applicant;
        _before = (_token, LastOperation, LastResult);
        var epoch = new LedgerEpoch(string.Create(CultureInfo.InvariantCulture, $"{++_count}:{Guid.NewGuid():N}"), _token);
        _token = epoch.Token;
        _expiresAt = now + duration;
        (LastOperation, LastResult) = (0, null);
        (LastRestoreOperation, LastRestore) = (0, null);
        return new LeaseGrant(epoch);
    }

    public bool Renew(LedgerEpoch epoch, TimeSpan duration, DateTimeOffset now)
    {
        if (!IsCurrent(epoch)) return false;
        _expiresAt = now + duration;
        return true;
    }

    public bool Release(LedgerEpoch epoch)
    {
        if (!IsCurrent(epoch)) return false;
        (_holder, _token) = (null, _token + " was given back");
        return true;
    }

    /// <summary>What became of a commit of the epoch before the current one; null when it is of an older one.</summary>
    public CommitResult? Earlier(LedgerEpoch epoch, long operation)
    {
        if (_before.Token is null || _before.Token != epoch.Token) return null;
        return operation > _before.Operation ? new CommitResult { Status = CommitStatus.Fenced }
            : operation == _before.Operation ? _before.Result
            : null;
    }

    public CommitResult Applied(long operation, CommitResult result)
    {
        (LastOperation, LastResult) = (operation, result);
        return result;
    }

    /// <summary>The epoch is current again, if it was not.</summary>
    public RestoreResult Restored(object applicant, TimeSpan duration, DateTimeOffset now, LedgerRestore restore, RestoreResult result)
    {
        (_holder, _expiresAt) = (applicant, now + duration);
        // What the owner before was answered last may be among what is lost.
        if (!IsCurrent(restore.Epoch)) _before = default;
        (_token, LastOperation, LastResult) = (restore.Epoch.Token, restore.Operation, new CommitResult { Status = CommitStatus.Applied, Tail = result.Tail, BacklogCount = result.BacklogCount });
        (LastRestoreOperation, LastRestore) = (restore.Operation, result);
        return result;
    }

    public InMemoryLease Copy() => (InMemoryLease)MemberwiseClone();
}
