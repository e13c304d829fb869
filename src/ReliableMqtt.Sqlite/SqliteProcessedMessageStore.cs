using Microsoft.Data.Sqlite;
using ReliableMqtt.Deduplication;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite;

/// <summary>
/// Remembers in a SQLite file which messages a receiver has handled, for the processes of one machine, each of which may be killed. What it has answered survives a kill and, as far as the disk keeps its word, a
/// loss of power (<c>synchronous=FULL</c>). Where effects are in the same file, <see cref="CommitAsync"/> makes effect and mark one transaction.
/// </summary>
/// <remarks>The file is one of its own, not a ledger's; on a local disk. One transaction a call, each with an <c>fsync</c>. Bounded by <see cref="ProcessedMessageWindow"/>; what is forgotten is used again.</remarks>
public sealed class SqliteProcessedMessageStore : ProcessedMessageStore
{
    /// <summary>So many claims pass between two looks at those of the dead.</summary>
    private const int SweepEvery = 256;

    private readonly SqliteThread _thread = new();
    private readonly ReceiverFile _file;
    private readonly string _receiverId;
    private readonly ProcessedMessageWindow _window;
    private readonly TimeProvider _time;
    private int _claims;
    private int _disposed;

    /// <summary>Makes a store. The file is opened, and made when there is none, with the first call.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="receiverId">Whose messages: processes with the same name share them; another name handles every message for itself. Not empty.</param>
    /// <param name="window">How long messages are remembered; the same for all processes of a receiver. Default: see <see cref="ProcessedMessageWindow"/>.</param>
    /// <param name="timeProvider">The clock. Default: the system's.</param>
    /// <exception cref="ArgumentException">The path or the name is empty, or the window is none.</exception>
    public SqliteProcessedMessageStore(string path, string receiverId, ProcessedMessageWindow? window = null, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentException.ThrowIfNullOrEmpty(receiverId);
        (_file, _receiverId, _window, _time) = (new ReceiverFile(path), receiverId, (window ?? new ProcessedMessageWindow()).Checked(), timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc />
    public override string Kind => "sqlite";

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc />
    public override ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        return RunAsync(key, token, row => row.Claim(Now, (long)Math.Max(1, timeout.TotalMilliseconds), isSweeping: ++_claims % SweepEvery == 0), cancellationToken);
    }

    /// <inheritdoc />
    public override ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken) =>
        RunAsync(key, token, row => row.Mark(Now, _window.MaxEntries, out _), cancellationToken);

    /// <inheritdoc />
    public override async ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken) =>
        await RunAsync(key, token, row => row.Release(), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Writes effects into the same file, and the mark that the message was handled, in one transaction: both happen or neither, once for each message, whatever dies in between. Call it in the handler, as the
    /// last thing; the deduplicator then finds the mark.
    /// </summary>
    /// <param name="message">What the handler was called with. It must have a key.</param>
    /// <param name="effects">Writes the effects, on a thread of the store's, into tables of the application's own; it must not commit. What it throws undoes all of it, and is thrown here.</param>
    /// <param name="cancellationToken">Ends the wait before the transaction begins.</param>
    /// <exception cref="ClaimLostException">Another process has the message, or has handled it. Nothing was written.</exception>
    /// <exception cref="InvalidOperationException">SQLite has refused an effect (a constraint, a table that is not there). Nothing was written, and it will be so the next time too.</exception>
    /// <exception cref="StoreUnavailableException">The file could not be written. Nothing was written; let it pass out of the handler, which is called again.</exception>
    public async Task CommitAsync(ReceivedMessage message, Action<SqliteConnection, SqliteTransaction> effects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(effects);
        var key = message.Key ?? throw new InvalidOperationException("A message without an id cannot be marked, so it cannot be in a transaction with its mark.");
        await RunAsync(
            key, message.ClaimToken,
            row =>
            {
                var status = row.Mark(Now, _window.MaxEntries, out var isNew);
                if (status != MarkStatus.Marked) throw new ClaimLostException($"Message {key} is in the hands of another process, or was handled by it. Nothing was written.");
                if (isNew) Apply(effects, row);
                return status;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return ValueTask.CompletedTask;
        _thread.Dispose();
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    // An effect that is refused for good is the handler's failure, with its attempts: the store is not to be waited for.
    private static void Apply(Action<SqliteConnection, SqliteTransaction> effects, ReceiverRow row)
    {
        try
        {
            effects(row.Connection, row.Transaction);
        }
        catch (SqliteException error) when (!SqliteErrors.MayPass(error))
        {
            throw new InvalidOperationException($"SQLite has refused an effect of a message, and nothing was written: {error.Message}", error);
        }
    }

    private ValueTask<T> RunAsync<T>(DeduplicationKey key, string token, Func<ReceiverRow, T> step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key.PublisherId, nameof(key));
        ArgumentException.ThrowIfNullOrEmpty(key.MessageId, nameof(key));
        ArgumentException.ThrowIfNullOrEmpty(token);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var oldest = Now - (long)_window.Retention.TotalMilliseconds;
        return new ValueTask<T>(_thread.RunAsync(() => _file.Run((connection, transaction) => step(new ReceiverRow(connection, transaction, _receiverId, key, token).Forget(oldest))), cancellationToken));
    }
}
