using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>What an owner still has in memory, to be written back by <see cref="AckLedger.RestoreAsync"/> after the store has lost writes.</summary>
/// <remarks>A store goes back to an earlier state of its own: what it has left is what it had then. So all that is here adds up to what it had last.</remarks>
public sealed record LedgerRestore
{
    /// <summary>The fencing token.</summary>
    public required LedgerEpoch Epoch { get; init; }

    /// <summary>Names this life of the ledger, as <see cref="RecoveredState.LedgerNonce"/> said: a store that has lost everything begins with it again, so that automatic ids stay good.</summary>
    public required ulong LedgerNonce { get; init; }

    /// <summary>The number that the restore uses up: that of the commit that was answered <see cref="CommitStatus.RolledBack"/>, or the next one. The next commit is one above.</summary>
    public required long Operation { get; init; }

    /// <summary>The highest sequence that the owner has seen.</summary>
    public required long Tail { get; init; }

    /// <summary>The state of the session at the broker.</summary>
    public BrokerSession Session { get; init; }

    /// <summary>Every message with a sequence below this is finished.</summary>
    public long LowestUnfinished { get; init; }

    /// <summary>All in-flight entries: what else the store has in flight was finished, or is in the backlog.</summary>
    public IReadOnlyList<InflightEntry> InFlight { get; init; } = [];

    /// <summary>Of the backlog the owner knows everything up to this sequence; what it has above that is in <see cref="Backlog"/> too, but may not be all.</summary>
    public long BacklogUpTo { get; init; }

    /// <summary>What waits in the backlog, in order. What else the store has in its backlog up to <see cref="BacklogUpTo"/> has left it.</summary>
    public IReadOnlyList<LedgerRecord> Backlog { get; init; } = [];

    /// <summary>Outcomes of the last seconds that the ledger must keep, in their order: confirmed or expired.</summary>
    public IReadOnlyList<StatusAnswer> Finished { get; init; } = [];

    /// <summary>Messages that became dead letters in the last seconds, in their order.</summary>
    public IReadOnlyList<DeadLetter> DeadLetters { get; init; } = [];

    /// <summary>Sequences of messages that ended, in this epoch, without a confirm; also those within their automatic ids.</summary>
    public IReadOnlyList<long> Unconfirmed { get; init; } = [];

    /// <summary>Up to this sequence <see cref="Unconfirmed"/> may lack some: there were too many.</summary>
    public long ForgottenUpTo { get; init; }

    /// <summary>
    /// Sequences of all messages that this owner has had in its hands, in rising order. Those that are not named above are finished: confirmed, unless
    /// <see cref="Unconfirmed"/> has them or they are not above <see cref="ForgottenUpTo"/>.
    /// </summary>
    public IReadOnlyList<SequenceRange> Known { get; init; } = [];

    /// <summary>
    /// Of the known messages those of the last seconds that other processes have accepted, as these name them: an acceptor sends again what the store has lost, and these are
    /// not to be taken a second time.
    /// </summary>
    public IReadOnlyList<AcceptedRun> Taken { get; init; } = [];
}

/// <summary>A range of sequences, both ends included.</summary>
/// <param name="First">The lowest.</param>
/// <param name="Last">The highest.</param>
public readonly record struct SequenceRange(long First, long Last)
{
    /// <summary>True for the sequences of the range.</summary>
    public bool Contains(long sequence) => sequence >= First && sequence <= Last;
}
