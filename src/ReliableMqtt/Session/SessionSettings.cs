namespace ReliableMqtt.Session;

/// <summary>What the session is told once.</summary>
internal sealed record SessionSettings
{
    public int MaxInFlight { get; init; } = 256;

    public TimeSpan AckTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public int MaxAttempts { get; init; } = 5;

    public SessionLossPolicy SessionLossPolicy { get; init; }

    public PublishOrdering Ordering { get; init; }

    public OverflowPolicy Overflow { get; init; }

    /// <summary>The wait before attempt n (1, 2, …) of something refused: randomness comes in from outside.</summary>
    public Func<int, TimeSpan> RetryDelay { get; init; } = static _ => TimeSpan.FromMilliseconds(500);

    /// <summary>Asked of each refusal of a message: true to send it anew, false to give it up, null for what <see cref="ReasonCodes"/> says. Must not throw, and must return at once.</summary>
    public Func<Refusal, bool?>? ShouldRetry { get; init; }

    /// <summary>How long a connection must live with nothing on it before a message is sent alone that may end it: an eighth of this at first, then twice as long for each connection that did end so.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The most messages that one commit appends or assigns; confirms of what came in meanwhile ride along.</summary>
    public int MaxBatch { get; init; } = 512;

    /// <summary>The most bytes that one commit appends, unless a single message is larger: on a slow line a commit must get through before it is given up and repeated.</summary>
    public int MaxBatchBytes { get; init; } = 1 << 20;

    /// <summary>How many records of the backlog are kept in memory.</summary>
    public int Prefetch { get; init; } = 1024;

    /// <summary>How many bytes of messages that went to the backlog lately are kept in memory, should the ledger lose them. See <see cref="RecentWrites"/>.</summary>
    public long RememberedBytes { get; init; } = 8 << 20;

    /// <summary>How long a confirm may wait for something else to be stored with it; at once when zero. Whoever accepted the message in another process does not wait.</summary>
    public TimeSpan ConfirmLag { get; init; }

    /// <summary>For tests: a handshake that could serve another message is never touched again instead, and whoever does so is found out.</summary>
    public bool PoisonsHandshakes { get; init; }
}
