namespace ReliableMqtt.Sample.Publishing;

/// <summary>How many messages of a run stand where. Counted from many tasks.</summary>
internal sealed class PublishTally
{
    private long _invoked, _accepted, _confirmed, _sent, _rejected, _expired, _notAccepted;

    public long Invoked => Interlocked.Read(ref _invoked);

    /// <summary>In the ledger, or, at QoS 0, handed to the socket.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    public long Confirmed => Interlocked.Read(ref _confirmed);

    /// <summary>QoS 0: handed to the socket.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Refused by the broker, given up, or never accepted.</summary>
    public long Rejected => Interlocked.Read(ref _rejected) + Interlocked.Read(ref _notAccepted);

    public long Expired => Interlocked.Read(ref _expired);

    /// <summary>Accepted, and not known to be finished.</summary>
    public long Pending => Accepted - Confirmed - Sent - Interlocked.Read(ref _rejected) - Expired;

    public bool IsEverythingDelivered => Confirmed + Sent == Invoked;

    public long CountInvoked() => Interlocked.Increment(ref _invoked);

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void CountNotAccepted() => Interlocked.Increment(ref _notAccepted);

    /// <summary>Counts the end of an accepted message; an outcome that is no end counts as nothing.</summary>
    public void CountEnd(PublishOutcome outcome)
    {
        switch (outcome)
        {
            case PublishOutcome.Confirmed: Interlocked.Increment(ref _confirmed); break;
            case PublishOutcome.Sent: Interlocked.Increment(ref _sent); break;
            case PublishOutcome.Expired: Interlocked.Increment(ref _expired); break;
            case PublishOutcome.Rejected or PublishOutcome.DeadLettered or PublishOutcome.Purged: Interlocked.Increment(ref _rejected); break;
        }
    }
}
