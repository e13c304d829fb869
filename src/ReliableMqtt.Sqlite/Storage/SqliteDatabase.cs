using Microsoft.Data.Sqlite;
using ReliableMqtt.Ledger;
using SQLitePCL;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>One connection to the file, for one thread: transactions that happen whole or not at all, and errors in the words of the port.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int PageBytes = 4096;
    private const int CheckpointPages = 1_000;

    // SQLITE_DBSTATUS_CACHE_WRITE, for which SQLitePCL has no name.
    private const int PagesWritten = 9;

    // As much as SQLite's own checkpoints let it become, and some more: it is used again from its beginning, so that a full disk still takes confirms.
    private const int KeptWalBytes = 16 << 20;

    private readonly SqliteConnection _connection;
    private readonly sqlite3 _handle;
    private readonly List<SqliteStatement> _statements = [];
    private readonly SqliteStatement _begin, _beginRead, _commit;
    private readonly string _synchronous;
    private LedgerDamagedException? _damage;
    private bool _isDiscarded;
    private int _checkpointedAt;

    private SqliteDatabase(SqliteAckLedgerOptions options, SqliteConnection connection)
    {
        (Path, _connection, _handle) = (options.Path, connection, connection.Handle!);
        _synchronous = options.Synchronous == SqliteSynchronous.Full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
        (_begin, _beginRead, _commit) = (Prepare("BEGIN IMMEDIATE"), Prepare("BEGIN"), Prepare("COMMIT"));
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Opens the file and brings its schema to the version of this library.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="publisherId">For whom, to be named in errors.</param>
    /// <param name="mayCreate">Whether a file is made when there is none.</param>
    /// <exception cref="LedgerNotFoundException">There is no such file, or nothing is in it, and none is to be made.</exception>
    /// <exception cref="LedgerUnavailableException">It cannot be opened, or is damaged.</exception>
    /// <exception cref="InvalidOperationException">It is of another program, or of a newer version.</exception>
    public static SqliteDatabase Open(SqliteAckLedgerOptions options, string publisherId, bool mayCreate)
    {
        OwnerFile.RefuseIfDatabaseIsGone(options.Path);
        if (!mayCreate && !File.Exists(options.Path)) throw new LedgerNotFoundException($"There is no ledger of publisher id '{publisherId}', since there is no file '{options.Path}'. Nothing was written.");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = options.Path,
            Mode = mayCreate ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        SqliteDatabase? database = null;
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle, (int)options.BusyTimeout.TotalMilliseconds);
            database = new SqliteDatabase(options, connection);
            database.SetUp(options, publisherId, mayCreate);
            return database;
        }
        catch (Exception error)
        {
            if (database is null) connection.Dispose();
            else database.Dispose();
            if (error is SqliteException sqlite && SqliteErrors.Translate(sqlite, options.Path) is { } translated) throw translated;
            throw;
        }
    }

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    public SqliteStatement Prepare(string sql)
    {
        var statement = new SqliteStatement(_handle, sql);
        _statements.Add(statement);
        return statement;
    }

    /// <summary>Runs statements that nobody runs often.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, _handle);
    }

    /// <summary>The first number that a statement says that nobody runs often.</summary>
    public long Ask(string sql)
    {
        using var statement = new SqliteStatement(_handle, sql);
        return statement.One() ? statement.Number(0) : 0;
    }

    /// <summary>Runs a transaction that writes: nobody else writes meanwhile, and all of it happens or nothing.</summary>
    /// <param name="work">What it does. When it throws, or has called <see cref="Discard"/>, nothing was written.</param>
    /// <param name="isDurable">False for what may be lost with the power, such as the time until which a lease runs: then no disk is waited for.</param>
    public T Write<T>(Func<T> work, bool isDurable = true)
    {
        ThrowIfDamaged();
        if (isDurable) return Run(_begin, work);
        Execute("PRAGMA synchronous=NORMAL");
        try
        {
            return Run(_begin, work);
        }
        finally
        {
            Execute(_synchronous);
        }
    }

    /// <summary>Runs a transaction that reads: all of it sees one state.</summary>
    public T Read<T>(Func<T> work)
    {
        ThrowIfDamaged();
        return Run(_beginRead, work);
    }

    /// <summary>Within <see cref="Write"/>: what was written so far is not to be kept, though there is an answer.</summary>
    public void Discard() => _isDiscarded = true;

    /// <summary>Gives pages that are free back to the file system, some at a time. When that fails it is tried another time.</summary>
    public void TryGiveBackPages(int keep, int atMost)
    {
        if (_damage is not null) return;
        try
        {
            var free = Ask("PRAGMA freelist_count");
            if (free > keep) Execute($"PRAGMA incremental_vacuum({Math.Min(free - keep, atMost)})");
        }
        catch (SqliteException error)
        {
            _damage = SqliteErrors.Translate(error, Path) as LedgerDamagedException;
        }
    }

    /// <summary>
    /// Brings the log into the database when it has grown enough since the last time. SQLite would do it within the commit that makes it so long; after its answer it holds up nobody who waits for that.
    /// </summary>
    public void CheckpointIfDue()
    {
        _ = raw.sqlite3_db_status(_handle, PagesWritten, out var pages, out _, 0);
        if (pages - _checkpointedAt < CheckpointPages || _damage is not null) return;
        _checkpointedAt = pages;
        TryCheckpoint();
    }

    /// <summary>Brings the log into the database, so that all of it is on the disk, and the log begins again at its start.</summary>
    /// <returns>False when that was not possible, or not with all of it.</returns>
    public bool TryCheckpoint()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var inLog, out var done);
        return code == raw.SQLITE_OK && inLog == done;
    }

    public void Dispose()
    {
        foreach (var statement in _statements) statement.Dispose();
        _connection.Dispose();
    }

    private T Run<T>(SqliteStatement begin, Func<T> work)
    {
        _isDiscarded = false;
        try
        {
            begin.Run();
            var result = work();
            if (_isDiscarded) RollBack();
            else _commit.Run();
            return result;
        }
        catch (SqliteException error)
        {
            RollBack();
            if (SqliteErrors.Translate(error, Path) is not { } translated) throw;
            // What was read once as nonsense may read as sense the next time, and is not to be trusted then.
            _damage ??= translated as LedgerDamagedException;
            throw translated;
        }
        catch
        {
            RollBack();
            throw;
        }
    }

    private void RollBack()
    {
        foreach (var statement in _statements) statement.Reset();
        if (raw.sqlite3_get_autocommit(_handle) == 0) _ = raw.sqlite3_exec(_handle, "ROLLBACK");
    }

    private void ThrowIfDamaged()
    {
        if (_damage is not null) throw new LedgerDamagedException(_damage.Message, _damage);
    }

    private void SetUp(SqliteAckLedgerOptions options, string publisherId, bool mayCreate)
    {
        if (SqliteSchema.IsEmpty(this))
        {
            if (!mayCreate) throw new LedgerNotFoundException($"There is no ledger of publisher id '{publisherId}', since there is nothing in the file '{Path}'. Nothing was written.");
            OwnerFile.RefuseIfDatabaseIsEmpty(Path, () => SqliteSchema.IsEmpty(this));
            Execute("PRAGMA auto_vacuum=INCREMENTAL");
        }

        SqliteSchema.Check(this);
        Execute("PRAGMA journal_mode=WAL");
        Execute(_synchronous);
        Execute($"PRAGMA journal_size_limit={KeptWalBytes}");
        if (options.MaxFileBytes is { } most) Execute($"PRAGMA max_page_count={most / PageBytes}");
        Execute("PRAGMA wal_autocheckpoint=0");
        Run(_begin, () => SqliteSchema.Migrate(this));
        // What a killed process has left in the log is not to add up. And a file that was just made is no empty one any more, whatever becomes of the log.
        if (mayCreate) TryCheckpoint();
    }
}
