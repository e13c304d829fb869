using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>The row of a publisher id: where its ledger stands, and who dispatches. Read at the beginning of a transaction, and written at its end.</summary>
internal sealed class PublisherRow
{
    public required long Id { get; init; }

    /// <summary>Names this life of the ledger.</summary>
    public required ulong Nonce { get; set; }

    /// <summary>The highest sequence given out.</summary>
    public long Tail { get; set; }

    public BrokerSession Session { get; set; }

    /// <summary>Up to this sequence nothing is said of automatic ids.</summary>
    public long Forgotten { get; set; }

    public long Backlog { get; set; }

    public long BacklogBytes { get; set; }

    public long InFlight { get; set; }

    public long InFlightBytes { get; set; }

    public long Dead { get; set; }

    /// <summary>The highest number of a dead letter, also of one that is gone.</summary>
    public long DeadNumber { get; set; }

    public long Quarantined { get; set; }

    public long QuarantineNumber { get; set; }

    // Counted where a message comes in and where it ends, since the ledger was made.
    public long Accepted { get; set; }

    public long Confirmed { get; set; }

    public long Expired { get; set; }

    public long DeadLettered { get; set; }

    public long PutAside { get; set; }

    public LedgerTotals Totals => new(Accepted, Confirmed, Expired, DeadLettered, PutAside);

    /// <summary>Counts the durable transactions.</summary>
    public long Writes { get; set; }

    /// <summary>The token of the last epoch; of one that was given back something else, which nobody holds.</summary>
    public string Token { get; set; } = "";

    public long Epochs { get; set; }

    /// <summary>Who has the lease, in words; null when it is free.</summary>
    public string? Holder { get; set; }

    /// <summary>Names the ledger object that has the lease.</summary>
    public string? HolderObject { get; set; }

    /// <summary>Until when the lease runs, in Unix milliseconds.</summary>
    public long ExpiresAt { get; set; }

    /// <summary>The holder has the lock of the owner's file: whoever gets that knows that the holder is dead.</summary>
    public bool IsLocked { get; set; }

    /// <summary>The number of the last applied commit of the current epoch, and what it was answered.</summary>
    public long Operation { get; set; }

    public string? Answer { get; set; }

    /// <summary>The same of the epoch before.</summary>
    public string? BeforeToken { get; set; }

    public long BeforeOperation { get; set; }

    public string? BeforeAnswer { get; set; }

    /// <summary>The number of the last restore in the current epoch; 0 for none.</summary>
    public long Restored { get; set; }

    public string? RestoredLost { get; set; }

    public bool HasRoomFor(long count, long bytes, LedgerOpenOptions options) =>
        Backlog + InFlight + count <= options.MaxPending && BacklogBytes + InFlightBytes + bytes <= options.MaxPendingBytes;

    public bool IsCurrent(LedgerEpoch epoch) => Token.Length > 0 && epoch.Token == Token;

    /// <summary>The ledger knows nothing of the epoch and of no later one either: it has lost its acquisition.</summary>
    public bool IsBefore(LedgerEpoch epoch) => Token.Length == 0 || epoch.Previous == Token;

    public CommitResult Now(CommitStatus status) => new() { Status = status, Tail = Tail, BacklogCount = Backlog };

    /// <summary>Keeps what a commit was answered, for whoever asks again.</summary>
    public CommitResult Applied(long operation, CommitResult result)
    {
        Operation = operation;
        Answer = string.Create(CultureInfo.InvariantCulture, $"{(result.Status == CommitStatus.Applied ? 'A' : 'R')} {result.Tail} {result.BacklogCount} {result.FirstMoved}");
        return result;
    }

    /// <summary>What <see cref="Applied"/> has kept.</summary>
    public static CommitResult? ReadAnswer(string? answer)
    {
        if (answer is null || answer.Split(' ') is not { Length: 4 } parts) return null;
        return new CommitResult
        {
            Status = parts[0] == "A" ? CommitStatus.Applied : CommitStatus.AppendsRefused,
            Tail = long.Parse(parts[1], CultureInfo.InvariantCulture),
            BacklogCount = long.Parse(parts[2], CultureInfo.InvariantCulture),
            FirstMoved = long.Parse(parts[3], CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The first key of this publisher id's messages, which none has, and the last.</summary>
    public long FirstKey => Id << SqliteSchema.SequenceBits;

    public long LastKey => FirstKey | ((1L << SqliteSchema.SequenceBits) - 1);

    /// <summary>The same of those in flight.</summary>
    public long FirstPacketKey => Id << SqliteSchema.PacketBits;

    public long LastPacketKey => FirstPacketKey | ((1L << SqliteSchema.PacketBits) - 1);
}
