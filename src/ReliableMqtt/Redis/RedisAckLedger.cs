using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// The ledger in Redis: what it has accepted survives this process, and with <c>appendonly yes</c>, <c>appendfsync always</c> and <c>maxmemory-policy noeviction</c>
/// the kill of Redis and a loss of power too. Many processes may share it. Needs Redis 6.2 or later, or Valkey, with Lua scripts.
/// </summary>
/// <remarks>
/// <para>
/// Every write is one Lua script (<c>EVALSHA</c>), so it happens whole or not at all; it is idempotent by an operation number, so that a call whose answer
/// was lost is simply repeated; and a dispatching one carries the owner's token, so that whoever has lost the lease changes nothing.
/// </para>
/// <para>
/// All keys begin with <c>reliable-mqtt:{publisher id}:</c> and so are in one slot of a cluster. No key of a message ever has an expiry. With <c>appendfsync everysec</c>
/// Redis may forget up to its last second, also when it is only killed; a failover to a replica may forget what was not replicated yet.
/// </para>
/// <para>
/// A commit that breaks a precondition of <see cref="LedgerCommit"/> is an error of the caller: <see cref="InvalidOperationException"/>, and nothing is changed. After
/// <see cref="DisposeAsync"/> every method throws <see cref="ObjectDisposedException"/>.
/// </para>
/// </remarks>
public sealed partial class RedisAckLedger : AckLedger
{
    /// <summary>The version of keys, header and records.</summary>
    private const string Schema = "1";

    private readonly Func<Task<IConnectionMultiplexer>> _connect;
    private readonly string _shown;
    private readonly bool _ownsMultiplexer;
    private readonly int _database;
    private readonly SemaphoreSlim _opening = new(1);
    private IConnectionMultiplexer? _multiplexer;
    private Binding? _binding;
    private volatile bool _disposed;

    /// <summary>Makes a ledger with a connection of its own.</summary>
    /// <param name="configuration">
    /// A StackExchange.Redis configuration: <c>"redis:6379"</c>, <c>"redis:6379,user=plant,password=…,ssl=true,defaultDatabase=2"</c>; or the same as an address:
    /// <c>"redis://plant:password@redis:6379/2"</c>, with <c>rediss://</c> for TLS, what is special in user and password percent-encoded, and further options behind a comma. With
    /// several hosts: nodes of a cluster, a primary and its replicas, or Sentinels (<c>serviceName=…</c>). Reconnects and back-off are set as a ledger needs them, and so are
    /// the timeout of a command, 2 s in the place of the default of 5 s, and how often a server is asked whether it is a primary, 2 s in the place of 60 s.
    /// </param>
    /// <exception cref="ArgumentException">It is empty or neither of both. The message does not quote it, since it may have a password.</exception>
    public RedisAckLedger(string configuration) : this(RedisAddress.Parse(configuration)) { }

    /// <summary>Makes a ledger with a connection of its own.</summary>
    /// <param name="configuration">The connection's settings; what a ledger needs otherwise is changed in a copy.</param>
    public RedisAckLedger(ConfigurationOptions configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var complete = RedisConnection.Complete(configuration);
        _shown = RedisAddress.Show(configuration);
        _connect = async () => await ConnectionMultiplexer.ConnectAsync(complete).ConfigureAwait(false);
        _ownsMultiplexer = true;
        _database = -1;
    }

    /// <summary>
    /// Makes a ledger on a connection that the application has already, and that it keeps. A connection of its own is the better choice: the ledger's
    /// calls then wait for nobody else's, and fail at once, not after a while, when there is no connection.
    /// </summary>
    /// <param name="multiplexer">The connection. It is not disposed. Without <c>allowAdmin=true</c> it works too, but what survives a restart of Redis cannot be told then.</param>
    /// <param name="database">The number of the database; -1 for the connection's default.</param>
    public RedisAckLedger(IConnectionMultiplexer multiplexer, int database = -1)
    {
        ArgumentNullException.ThrowIfNull(multiplexer);
        ArgumentOutOfRangeException.ThrowIfLessThan(database, -1);
        _connect = () => Task.FromResult(multiplexer);
        _shown = "redis, on a connection of the application's";
        _database = database;
    }

    /// <inheritdoc />
    public override string Kind => "redis";

    /// <inheritdoc />
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
            _multiplexer ??= await ConnectAsync().ConfigureAwait(false);
            var link = new RedisLink(_multiplexer, _database, options.TimeProvider);
            var binding = new Binding(link, new RedisKeys(options.PublisherId), options);
            await CreateAsync(binding, cancellationToken).ConfigureAwait(false);
            await SubscribeAsync(binding).ConfigureAwait(false);
            _binding = binding;
            return await DurabilityAsync(binding, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Where it is, for people: servers and settings, with stars for a password.</summary>
    public override string ToString() => _shown;

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        await _closing.CancelAsync().ConfigureAwait(false);
        if (_multiplexer is null) return;
        if (_binding is { } binding) await UnsubscribeAsync(binding).ConfigureAwait(false);
        if (_ownsMultiplexer) await _multiplexer.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<IConnectionMultiplexer> ConnectAsync()
    {
        try
        {
            return await _connect().ConfigureAwait(false);
        }
        catch (RedisException error)
        {
            throw new LedgerUnavailableException($"Redis cannot be reached: {error.Message}", error);
        }
    }

    private static async Task CreateAsync(Binding binding, CancellationToken cancellationToken)
    {
        var keys = binding.Keys;
        var fresh = NewNonce(sizeof(ulong));
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Open, [keys.Header, keys.Inflight, keys.State, keys.Backlog, keys.DeadOrder], [Schema, fresh, binding.Options.CreateIfMissing ? 1 : 0],
            cancellationToken).ConfigureAwait(false))!;
        if (reply[0] == "ORPHANS")
            throw new InvalidOperationException(
                $"The ledger has messages but its header, the key '{keys.Header}', is missing: somebody has deleted a part of it. Restore the key from a backup, or rename the others out of the way. Nothing was changed.");
        if (reply[0] == "MISSING") throw Missing(binding);
        if (reply[0] != Schema)
            throw new InvalidOperationException(
                $"The ledger '{keys.Header}' has schema {reply[0]}, and this library knows schema {Schema}: it is of {(long.TryParse((string?)reply[0], out var schema) && schema > 1 ? "a newer" : "another")} version. Nothing was changed.");
        binding.Nonce = ulong.Parse((string)reply[1]!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    private static LedgerNotFoundException Missing(Binding binding) => new(
        $"There is no ledger of publisher id '{binding.Options.PublisherId}' in database {binding.Link.Database.Database} of this Redis. Nothing was written. Is it the right id, server and database?");

    private static async Task<LedgerDurability> DurabilityAsync(Binding binding, CancellationToken cancellationToken)
    {
        try
        {
            return await RedisDurability.ReadAsync(binding.Link.Database, binding.Keys.Header).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new LedgerUnavailableException($"Redis did not say how durable it is: {error.Message}", error);
        }
    }

    private Binding Bound(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _binding ?? throw new InvalidOperationException($"Call {nameof(OpenAsync)} first.");
    }

    // In the letters that servers use for their own ids.
    private static string NewNonce(int bytes) => RandomNumberGenerator.GetHexString(2 * bytes, lowercase: true);

    /// <summary>What an open ledger has.</summary>
    private sealed class Binding(RedisLink link, RedisKeys keys, LedgerOpenOptions options)
    {
        public RedisLink Link => link;

        public RedisKeys Keys => keys;

        public LedgerOpenOptions Options => options;

        public ILogger Logger { get; } = options.Logger ?? NullLogger.Instance;

        /// <summary>Names this life of the ledger.</summary>
        public ulong Nonce { get; set; }

        public string NonceText => Nonce.ToString("x16", CultureInfo.InvariantCulture);
    }
}
