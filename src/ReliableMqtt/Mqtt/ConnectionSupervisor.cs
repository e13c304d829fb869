using Microsoft.Extensions.Logging;
using MQTTnet;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// Keeps one connection to the broker: a single loop connects, waits for the end, and connects again. It goes by the signals of our own adapter, because
/// MqttClient's events come for failed connects too, do not come after a dispose, and name stale reasons.
/// </summary>
internal sealed partial class ConnectionSupervisor : IWire, IAsyncDisposable
{
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPing = TimeSpan.FromSeconds(10);

    private readonly ReliablePublisherOptions _options;
    private readonly IWireSink _sink;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly MqttOptionsFactory _mqttOptions;
    private readonly GuardedMqttClient _client;
    private readonly IncomingQos2Ids _incomingIds = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();
    private volatile SessionChannelAdapter? _current;
    private volatile bool _stopping;
    private volatile bool _suspended;
    private bool _configured;
    private int _state = (int)ConnectionState.Disconnected;
    private Task? _loop;

    /// <summary>Checks the application's MQTT options, by running its delegate once.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="sink">Who is told of connections and acks.</param>
    /// <param name="logger">The log.</param>
    /// <param name="random">Jitter; used by one thread at a time.</param>
    /// <exception cref="InvalidOperationException">The options undo what the guarantees depend on, or set no server.</exception>
    public ConnectionSupervisor(ReliablePublisherOptions options, IWireSink sink, ILogger logger, Random random)
    {
        _options = options;
        _sink = sink;
        _logger = logger;
        _time = options.TimeProvider;
        _backoff = new Backoff(options.MinBackoff, options.MaxBackoff, random);
        _mqttOptions = new MqttOptionsFactory(options);
        _client = new GuardedMqttClient(logger, _incomingIds);
        var built = _mqttOptions.Create();
        IsMqtt5 = built.ProtocolVersion == MQTTnet.Formatter.MqttProtocolVersion.V500;
        if (MqttOptionsFactory.SendsCredentialsInPlainText(built)) Log.PlainTextCredentials(logger);
    }

    /// <summary>Asked before each CONNECT: is the publisher id still this process's? A CONNECT would end the connection of the one whose it is.</summary>
    public Func<CancellationToken, ValueTask<bool>>? MayConnect { get; set; }

    /// <summary>The client that the application may use.</summary>
    public IMqttClient Client => _client;

    /// <summary>The application asks for MQTT 5, else for 3.1.1.</summary>
    public bool IsMqtt5 { get; }

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State => (ConnectionState)Volatile.Read(ref _state);

    /// <summary>The limits of the living connection, or null.</summary>
    public ConnectionInfo? Current => _current is { IsOpen: true } open ? open.Info : null;

    /// <summary>Since when there is a living connection, or null.</summary>
    public DateTimeOffset? ConnectedSince => _current is { IsOpen: true } open ? open.ConnectedSince : null;

    /// <summary>How often a connection was made anew after the first one.</summary>
    public long Reconnects => Math.Max(0, Volatile.Read(ref _connections) - 1);

    /// <summary>Raised for each change, in order, one at a time, from the connection loop: handlers return at once.</summary>
    public event Action<ConnectionStateChange>? StateChanged;

    /// <summary>Lets the application configure the client, once. Throws what its delegate throws.</summary>
    public void Configure()
    {
        if (_configured) return;
        _configured = true;
        _options.ConfigureClient?.Invoke(_client);
    }

    /// <summary>Lets the application configure the client, and begins to connect in the background; goes on after <see cref="Suspend"/>.</summary>
    public void Start()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _suspended = false;
            _kick.TrySetResult();
            if (_loop is not null) return;
            Configure();
            _loop = Task.Run(RunAsync);
        }
    }

    /// <summary>Ends the connection and makes no other until <see cref="Start"/>: another process dispatches.</summary>
    public void Suspend()
    {
        lock (_gate)
        {
            _suspended = true;
            _kick.TrySetResult(); // It may be waiting for its next attempt, and has to say at once that there is none.
        }

        if (_current is { } current) Background.Observe(current.CloseAsync("this process no longer owns the publisher id", CloseTimeout));
    }

    /// <inheritdoc />
    public void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets)
    {
        if (_current is { } current && current.ConnectionId == connectionId) current.Send(packets);
    }

    /// <inheritdoc />
    public void Probe(int connectionId)
    {
        if (_current is { IsOpen: true } current && current.ConnectionId == connectionId) Background.Observe(Task.Run(() => ProbeAsync(current)));
    }

    /// <inheritdoc />
    public void Recycle(int connectionId, RecycleReason reason)
    {
        if (_current is not { IsOpen: true } current || current.ConnectionId != connectionId || !current.TryBeginRecycle()) return;
        Log.Recycling(_logger, connectionId, reason);
        Background.Observe(Task.Run(() => RecycleAsync(current, reason)));
    }

    /// <summary>Sends a message of QoS 0 on the living connection.</summary>
    /// <returns>True when its bytes were handed to the socket; false when there is no connection, or it ended before.</returns>
    /// <exception cref="MQTTnet.Exceptions.MqttProtocolViolationException">The message does not fit into a packet.</exception>
    public Task<bool> PublishAtMostOnceAsync(LedgerRecord message, uint? expirySeconds = null) =>
        _current is { IsOpen: true } current ? current.SendAtMostOnceAsync(message, expirySeconds) : Task.FromResult(false);

    /// <summary>Sends DISCONNECT 0x00, which keeps the session, and ends the loop. Does not connect again.</summary>
    /// <param name="timeout">How long it may take; after it the socket is closed as it is.</param>
    public async Task StopAsync(TimeSpan timeout)
    {
        Task? loop;
        lock (_gate)
        {
            _stopping = true;
            loop = _loop;
        }

        if (_current is { } current)
            await current.CloseAsync("the publisher stops", timeout < CloseTimeout ? timeout : CloseTimeout).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (loop is null)
        {
            FailWaiting(new ObjectDisposedException("ReliablePublisher"));
            SetState(ConnectionState.Stopped, "the publisher stopped");
            return;
        }

        try
        {
            await loop.WaitAsync(timeout < CloseTimeout ? CloseTimeout : timeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A delegate of the application holds the loop up. It ends as soon as that returns; the socket is closed.
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await StopAsync(CloseTimeout).ConfigureAwait(false);

    /// <summary>How long a PINGRESP may take.</summary>
    private TimeSpan Patience => _options.AckTimeout < LongestPing ? _options.AckTimeout : LongestPing;

    private async Task ProbeAsync(SessionChannelAdapter connection)
    {
        if (await connection.ProbeAsync(Patience).ConfigureAwait(false)) _sink.OnAlive(connection.ConnectionId);
        else connection.End("no PINGRESP came", cause: LossCause.Link);
    }

    private async Task RecycleAsync(SessionChannelAdapter connection, RecycleReason reason)
    {
        connection.ReconnectAtOnce = true;
        if (reason != RecycleReason.AckOverdue)
        {
            await connection.CloseAsync("the session is started anew", CloseTimeout).ConfigureAwait(false);
            return;
        }

        if (await connection.PingAsync(Patience).ConfigureAwait(false))
            await connection.CloseAsync("an acknowledgement is overdue on a living link", CloseTimeout).ConfigureAwait(false);
        else
            connection.End("an acknowledgement is overdue, and no PINGRESP came");
    }

    private void SetState(ConnectionState state, string reason, byte? code = null, bool? sessionPresent = null)
    {
        var previous = (ConnectionState)Interlocked.Exchange(ref _state, (int)state);
        if (previous == state) return;
        try
        {
            StateChanged?.Invoke(new ConnectionStateChange(state, previous, reason, code, sessionPresent));
        }
        catch (Exception e)
        {
            Log.HandlerFailed(_logger, nameof(StateChanged), e);
        }
    }
}
