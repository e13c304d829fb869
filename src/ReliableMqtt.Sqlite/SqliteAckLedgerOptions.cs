namespace ReliableMqtt.Sqlite;

/// <summary>Where a <see cref="SqliteAckLedger"/> is, and what it may take. How much may be pending and how long ends are kept are options of the publisher.</summary>
public sealed record SqliteAckLedgerOptions
{
    /// <summary>
    /// The database file, made when there is none; its folder must exist, on a local disk. Beside it stand <c>-wal</c> and <c>-shm</c> of SQLite, one <c>.owner-…</c> of each publisher id, and
    /// <c>.reserve</c>, 4 MiB that are kept for a full disk. Several
    /// publisher ids may share a file, but each commit then waits for the others: one file for each is faster.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty, or names a database in memory.</exception>
    public required string Path
    {
        get => _path;
        init
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(value, nameof(Path));
            if (value.Contains(":memory:", StringComparison.OrdinalIgnoreCase) || value.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"'{value}' is no path of a file. For a ledger in memory there is InMemoryAckLedger.", nameof(Path));
            _path = value;
        }
    }

    /// <summary>When a commit counts as stored. Default <see cref="SqliteSynchronous.Full"/>: nothing that was accepted is lost with the power.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such setting.</exception>
    public SqliteSynchronous Synchronous
    {
        get => _synchronous;
        init => _synchronous = Enum.IsDefined(value) ? value : throw new ArgumentOutOfRangeException(nameof(Synchronous), value, "There is no such setting.");
    }

    /// <summary>
    /// How large the database file may become, in bytes, whatever the limits of the publisher say; null, the default, for no limit. At the limit new messages wait or are refused, as
    /// the publisher's <c>Overflow</c> says, and all else goes on. The <c>-wal</c> file beside it is not counted; it has some 4 MiB as a rule. At least 1 MiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 MiB.</exception>
    public long? MaxFileBytes
    {
        get => _maxFileBytes;
        init
        {
            if (value is { } bytes) ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1L << 20, nameof(MaxFileBytes));
            _maxFileBytes = value;
        }
    }

    /// <summary>How long a call waits for another process that writes to the same file, before it says that the ledger is unavailable. Default 5 s; zero for not at all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than an hour.</exception>
    public TimeSpan BusyTimeout
    {
        get => _busyTimeout;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, nameof(BusyTimeout));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromHours(1), nameof(BusyTimeout));
            _busyTimeout = value;
        }
    }

    private readonly string _path = "";
    private readonly SqliteSynchronous _synchronous;
    private readonly long? _maxFileBytes;
    private readonly TimeSpan _busyTimeout = TimeSpan.FromSeconds(5);
}
