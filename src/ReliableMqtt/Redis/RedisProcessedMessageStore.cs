using ReliableMqtt.Deduplication;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// Remembers in Redis which messages a receiver has handled: for any number of processes, each of which may be killed. What it has noted survives the kill of Redis and a loss of power with <c>appendonly yes</c>,
/// <c>appendfsync always</c> and <c>maxmemory-policy noeviction</c>; a failover, or a weaker setting, may forget the latest marks, and then their messages are handled again if copies of them come.
/// Needs Redis 6.2 or later, or Valkey, with Lua scripts.
/// </summary>
/// <remarks>
/// One Lua script a call (<c>EVALSHA</c>). Keys begin with <c>reliable-mqtt:receiver:{receiver id/publisher id}:</c>, and all of them expire: what is kept is bounded for each publisher id by
/// <see cref="ProcessedMessageWindow"/>, and is gone when it has been silent for the retention. Where effects are in the same Redis, <see cref="CommitAsync"/> makes effect and mark one transaction.
/// </remarks>
public sealed partial class RedisProcessedMessageStore : ProcessedMessageStore
{
    private readonly Func<Task<IConnectionMultiplexer>> _connect;
    private readonly string _receiverId;
    private readonly ProcessedMessageWindow _window;
    private readonly bool _ownsMultiplexer;
    private readonly int _database;
    private readonly SemaphoreSlim _opening = new(1);
    private IConnectionMultiplexer? _multiplexer;
    private RedisLink? _link;
    private volatile bool _disposed;

    /// <summary>Makes a store with a connection of its own, which is made with the first call.</summary>
    /// <param name="configuration">A StackExchange.Redis configuration or an address, as for <see cref="RedisAckLedger(string)"/>.</param>
    /// <param name="receiverId">Whose messages: processes with the same name share them, each message is handled by one; another name handles every message for itself. Not empty.</param>
    /// <param name="window">How long messages are remembered; the same for all processes of a receiver. Default: see <see cref="ProcessedMessageWindow"/>.</param>
    /// <exception cref="ArgumentException">The configuration is empty or neither of both; the message does not quote it. Or the name is empty.</exception>
    public RedisProcessedMessageStore(string configuration, string receiverId, ProcessedMessageWindow? window = null) : this(RedisAddress.Parse(configuration), receiverId, window) { }

    /// <summary>As the other one, of settings.</summary>
    public RedisProcessedMessageStore(ConfigurationOptions configuration, string receiverId, ProcessedMessageWindow? window = null) : this(receiverId, window)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var complete = RedisConnection.Complete(configuration);
        _connect = async () => await ConnectionMultiplexer.ConnectAsync(complete).ConfigureAwait(false);
        _ownsMultiplexer = true;
        _database = -1;
    }

    /// <summary>Makes a store on a connection that the application has already, and keeps: the one for transactions with effects of the application's own.</summary>
    /// <param name="multiplexer">The connection. It is not disposed.</param>
    /// <param name="receiverId">See the other constructor.</param>
    /// <param name="window">See the other constructor.</param>
    /// <param name="database">The number of the database; -1 for the connection's default.</param>
    public RedisProcessedMessageStore(IConnectionMultiplexer multiplexer, string receiverId, ProcessedMessageWindow? window = null, int database = -1) : this(receiverId, window)
    {
        ArgumentNullException.ThrowIfNull(multiplexer);
        ArgumentOutOfRangeException.ThrowIfLessThan(database, -1);
        _connect = () => Task.FromResult(multiplexer);
        _database = database;
    }

    private RedisProcessedMessageStore(string receiverId, ProcessedMessageWindow? window)
    {
        ArgumentException.ThrowIfNullOrEmpty(receiverId);
        (_receiverId, _window, _connect) = (receiverId, (window ?? new ProcessedMessageWindow()).Checked(), null!);
    }

    /// <inheritdoc />
    public override string Kind => "redis";

    /// <inheritdoc />
    public override async ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken) =>
        (await AskAsync(key, token, timeout, cancellationToken).ConfigureAwait(false)).Answer;

    /// <inheritdoc />
    public override async ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        var keys = ReceiverKeys.Of(_receiverId, key);
        ArgumentException.ThrowIfNullOrEmpty(token);
        return (int)await RunAsync(RedisScript.Mark, [keys.Claim(key.MessageId), keys.Done, keys.Order], MarkArguments(key, token), cancellationToken).ConfigureAwait(false) switch
        {
            1 => MarkStatus.Marked,
            2 => MarkStatus.AlreadyProcessed,
            _ => MarkStatus.ClaimLost,
        };
    }

    /// <inheritdoc />
    public override async ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        await RunAsync(RedisScript.Unclaim, [ReceiverKeys.Of(_receiverId, key).Claim(key.MessageId)], [token], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_ownsMultiplexer && _multiplexer is not null) await _multiplexer.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<(ClaimResult Answer, bool ByThisToken)> AskAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var keys = ReceiverKeys.Of(_receiverId, key);
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        var reply = (long[])(await RunAsync(
            RedisScript.Claim, [keys.Claim(key.MessageId), keys.Done], [key.MessageId, token, Milliseconds(timeout), Milliseconds(_window.Retention)], cancellationToken).ConfigureAwait(false))!;
        return reply[0] switch
        {
            1 => (new ClaimResult(ClaimStatus.Claimed), false),
            2 => (new ClaimResult(ClaimStatus.AlreadyProcessed), reply[1] == 1),
            _ => (new ClaimResult(ClaimStatus.InProgress, TimeSpan.FromMilliseconds(Math.Max(0, reply[1]))), false),
        };
    }

    private RedisValue[] MarkArguments(DeduplicationKey key, string token) => [key.MessageId, token, Milliseconds(_window.Retention), _window.MaxEntries];

    private static long Milliseconds(TimeSpan time) => Math.Max(1, (long)time.TotalMilliseconds);

    private async Task<RedisResult> RunAsync(RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await link.RunAsync(script, keys, values, cancellationToken).ConfigureAwait(false);
        }
        catch (LedgerUnavailableException error)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            throw Unavailable(error.Message, error.InnerException);
        }
    }

    private static StoreUnavailableException Unavailable(string problem, Exception? cause) => new($"The store of processed messages in Redis: {problem}", cause);

    private async Task<RedisLink> LinkAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_link is { } open) return open;
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _multiplexer ??= await _connect().ConfigureAwait(false);
            return _link ??= new RedisLink(_multiplexer, _database, TimeProvider.System);
        }
        catch (RedisException error)
        {
            throw Unavailable($"it cannot be reached: {error.Message}", error);
        }
        finally
        {
            _opening.Release();
        }
    }
}
