using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

/// <summary>
/// The ledger in one SQLite file, for a publisher on one machine without a server: what it has accepted survives the kill of the process and, with <see cref="SqliteSynchronous.Full"/>, a loss of power.
/// </summary>
/// <remarks>
/// <para>
/// Each commit is one transaction in SQLite's write-ahead log, so it happens whole or not at all. One process owns the publisher id and holds a lock beside the file, which the operating system takes away
/// when the process ends, however it ends: the next one goes on at once. Others of the same machine may open the file meanwhile: they are standbys, which accept and wait, or the tool, which looks.
/// </para>
/// <para>
/// A full or read-only disk is back-pressure: <see cref="LedgerUnavailableException"/>, or no room for new messages while confirms go on as long as the log has room. A file that is damaged, gone, or
/// older than what was answered is <see cref="LedgerDamagedException"/>: an empty ledger never begins in its place.
/// </para>
/// <para>
/// A commit that breaks a precondition of <see cref="LedgerCommit"/> is an error of the caller: <see cref="InvalidOperationException"/>, and nothing is changed. After
/// <see cref="DisposeAsync"/> every method throws <see cref="ObjectDisposedException"/>.
/// </para>
/// </remarks>
public sealed partial class SqliteAckLedger : AckLedger
{
    private readonly SqliteAckLedgerOptions _options;
    private readonly SemaphoreSlim _opening = new(1);
    private readonly string _self = Guid.NewGuid().ToString("N");
    private readonly ulong _acceptor = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;
    private SqliteThread? _thread;
    private Binding? _binding;
    private volatile bool _disposed;

    // Of the thread, which makes them.
    private SqliteDatabase? _database;
    private LedgerTables? _tables;

    /// <summary>Makes a ledger with the default settings.</summary>
    /// <param name="path">See <see cref="SqliteAckLedgerOptions.Path"/>.</param>
    /// <exception cref="ArgumentException">It is no path of a file.</exception>
    public SqliteAckLedger(string path) : this(new SqliteAckLedgerOptions { Path = path }) { }

    /// <summary>Makes a ledger. The file is opened by <see cref="OpenAsync"/>.</summary>
    /// <param name="options">Where it is, and what it may take.</param>
    public SqliteAckLedger(SqliteAckLedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options with { Path = Path.GetFullPath(options.Path) };
    }

    /// <inheritdoc />
    public override string Kind => "sqlite";

    /// <inheritdoc />
    /// <exception cref="LedgerDamagedException">
    /// The file is damaged or no database; or it is gone or older than what was answered, as the file beside it shows. The message says what to do. Calling again is allowed.
    /// </exception>
    public override async ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.PublisherId, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.LeaseDuration, TimeSpan.Zero, nameof(options));
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_binding is { } bound && bound.Options.PublisherId != options.PublisherId)
                throw new InvalidOperationException($"This ledger is open for publisher id '{bound.Options.PublisherId}'; it cannot serve '{options.PublisherId}' too.");
            _thread ??= new SqliteThread();
            await _thread.RunAsync(() => Bind(options), cancellationToken).ConfigureAwait(false);
            return _options.Synchronous == SqliteSynchronous.Full
                ? new LedgerDurability(LedgerDurabilityLevel.Durable, $"'{_options.Path}', synchronous=FULL: each commit is on the disk before it is answered.")
                : new LedgerDurability(
                    LedgerDurabilityLevel.RecentWritesAtRisk,
                    $"'{_options.Path}', synchronous=NORMAL: what was accepted survives the kill of this process, but the last commits may be lost with the power, or when the machine crashes.");
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Where it is, for people.</summary>
    public override string ToString() => $"sqlite:{_options.Path}";

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_thread is not { } thread) return;
        await Task.Run(() =>
        {
            _ = thread.RunAsync(Close, CancellationToken.None);
            thread.Dispose();
        }).ConfigureAwait(false);
    }

    private bool Bind(LedgerOpenOptions options)
    {
        try
        {
            return TryBind(options);
        }
        catch when (_binding is null)
        {
            // Whoever puts the files right must not do it under an open connection.
            _thread!.DoAfterwards(() => { });
            _database?.Dispose();
            (_database, _tables) = (null, null);
            throw;
        }
    }

    private bool TryBind(LedgerOpenOptions options)
    {
        _database ??= SqliteDatabase.Open(_options, options.PublisherId, options.CreateIfMissing);
        _tables ??= _database.Read(() => new LedgerTables(_database));
        _thread!.DoAfterwards(_database.CheckpointIfDue);
        var publishers = _tables.Publishers;
        var id = _database.Read(() => publishers.Find(options.PublisherId));
        if (id is null && !options.CreateIfMissing)
            throw new LedgerNotFoundException($"There is no ledger of publisher id '{options.PublisherId}' in '{_options.Path}'. Nothing was written. Is it the right id and file?");
        id ??= Create(options.PublisherId, _database, publishers);
        if (_binding is { } before)
        {
            before.Options = options;
            return true;
        }

        var binding = new Binding(_database, _tables, id.Value, OwnerFile.Of(_options.Path, id.Value), options);
        CompareWithMarker(binding);
        LedgerHub.Join(_options.Path, options.PublisherId, this);
        _binding = binding;
        return true;
    }

    private long Create(string publisherId, SqliteDatabase database, PublisherTable publishers)
    {
        var id = database.Write(() =>
        {
            if (publishers.Find(publisherId) is { } found) return found;
            var created = publishers.Create(publisherId);
            RefuseIfLost(publisherId, created);
            return created;
        });
        // With NORMAL, too, it is on the disk before there is a file that speaks of it.
        database.TryCheckpoint();
        return id;
    }

    private bool Close()
    {
        if (_binding is { } binding)
        {
            LedgerHub.Leave(_options.Path, binding.Options.PublisherId, this);
            binding.OwnerFile.Dispose();
        }

        _thread!.DoAfterwards(() => { });
        _database?.Dispose();
        return true;
    }

    /// <summary>Runs it on the thread of the connection.</summary>
    private async ValueTask<T> RunAsync<T>(Func<Binding, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed, this);
        var binding = _binding ?? throw new InvalidOperationException($"Call {nameof(OpenAsync)} first.");
        return await _thread!.RunAsync(() => work(binding), cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<T> ReadAsync<T>(Func<Binding, PublisherRow, T> work, CancellationToken cancellationToken) =>
        RunAsync(binding => binding.Database.Read(() => work(binding, binding.Load())), cancellationToken);

    /// <summary>For tests: runs a statement on the ledger's own connection.</summary>
    internal async Task ExecuteAsync(string sql) => await RunAsync(
        binding =>
        {
            binding.Database.Execute(sql);
            return true;
        },
        CancellationToken.None).ConfigureAwait(false);

    /// <summary>What an open ledger has.</summary>
    private sealed class Binding(SqliteDatabase database, LedgerTables tables, long publisher, OwnerFile ownerFile, LedgerOpenOptions options)
    {
        public SqliteDatabase Database => database;

        public LedgerTables Tables => tables;

        public OwnerFile OwnerFile => ownerFile;

        public ReserveFile Reserve { get; } = new(database.Path);

        public LedgerOpenOptions Options { get; set; } = options;

        public ILogger Logger => Options.Logger ?? NullLogger.Instance;

        // Whole milliseconds, as they are kept.
        public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds());

        public PublisherRow Load() => tables.Publishers.Load(publisher);

        /// <summary>Writes what must get through a full disk: what drains, and what guards.</summary>
        public T Drain<T>(Func<T> write)
        {
            try
            {
                return write();
            }
            catch (LedgerUnavailableException error) when (SqliteErrors.IsFull(error))
            {
                // The log begins again at its start, in the room that it has.
                database.TryCheckpoint();
            }

            try
            {
                return write();
            }
            catch (LedgerUnavailableException error) when (SqliteErrors.IsFull(error) && Reserve.TryGiveUp())
            {
                database.TryCheckpoint();
                return write();
            }
        }
    }

    private static string Words(long number) => number.ToString(CultureInfo.InvariantCulture);
}
