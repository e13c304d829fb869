namespace ReliableMqtt.Ledger;

// Who dispatches.
internal sealed partial class InMemoryPublisher
{
    public LeaseGrant Acquire(LedgerOpenOptions options, object applicant)
    {
        lock (_gate)
        {
            var grant = _state.Lease.Acquire(applicant, options.LeaseDuration, options.TimeProvider.GetUtcNow());
            if (grant.Epoch is not null && !_isVerified) Verify();
            return grant;
        }
    }

    /// <param name="options">How the ledger was opened.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="known">The last operation and the tail that its owner knows to be stored.</param>
    public LeaseRenewal Renew(LedgerOpenOptions options, LedgerEpoch epoch, (long Operation, long Tail) known)
    {
        lock (_gate)
        {
            if (_state.Lease.Renew(epoch, options.LeaseDuration, options.TimeProvider.GetUtcNow()))
            {
                if (!_isVerified && !TryVerify(known.Operation, known.Tail)) return new LeaseRenewal(LeaseStatus.RolledBack);
                return new LeaseRenewal(LeaseStatus.Held) { Lost = SequenceRanges.Merge(_state.Lost) };
            }

            return new LeaseRenewal(_state.Lease.IsBefore(epoch) ? LeaseStatus.RolledBack : LeaseStatus.Fenced);
        }
    }

    public bool Release(LedgerEpoch epoch)
    {
        bool released;
        lock (_gate) released = _state.Lease.Release(epoch);
        if (released) Changed?.Invoke(LedgerChange.Lease);
        return released;
    }
}
