using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt;

/// <summary>
/// Publishes MQTT messages that must not be lost: what it has accepted is in the ledger until the broker has confirmed it, has refused it for
/// good, or its own expiry has passed. Thread-safe.
/// </summary>
/// <remarks>
/// At QoS 1 only what was in flight at a fault can arrive twice. At QoS 2 the broker gets no duplicate while it keeps the session and the
/// ledger loses no write. See <see cref="SessionLossPolicy"/> for what happens when the broker has forgotten the session.
/// </remarks>
public sealed partial class ReliablePublisher : IReliablePublisher, IDraftPublisher
{
    private readonly ReliablePublisherOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EventRelay _events;
    private readonly PublisherMetrics _metrics;
    private readonly PublisherPump _pump;
    private readonly Ownership _ownership;
    private readonly ConnectionSupervisor _connection;
    private readonly CancellationTokenSource _stopping = new();
    private Task _owning = Task.CompletedTask;
    private long _confirmed;
    private long _deadLettered;
    private int _disposed;
    private LedgerDurability? _durability;

    private ReliablePublisher(ReliablePublisherOptions options)
    {
        // The connection of a process that only accepts is never started: what it is told does not matter.
        if (options.AcceptOnly) options = options with { Mqtt = options.Mqtt ?? (static client => client.WithTcpServer("nowhere.invalid")) };
        _options = options;
        DeadLetters = new DeadLetterBox(options.Ledger);
        _time = options.TimeProvider;
        _logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("ReliableMqtt");
        _events = new EventRelay(_logger);
        Deadlines = new Deadlines(_time, call => call.OnDeadline(_pump!.Snapshot.IsFull));
        var settings = new SessionSettings
        {
            MaxInFlight = options.MaxInFlight,
            AckTimeout = options.AckTimeout,
            MaxAttempts = options.MaxAttempts,
            SessionLossPolicy = options.SessionLossPolicy,
            Ordering = options.Ordering,
            Overflow = options.Overflow,
            ShouldRetry = options.ShouldRetry is { } ask ? refusal => Ask(ask, refusal) : null,
            Quiet = options.PoisonQuiet,
            ConfirmLag = TimeSpan.FromMilliseconds(5),
            RetryDelay = attempt => Backoff.Draw(attempt, options.MinBackoff, options.MaxBackoff, Random.Shared),
        };
        _metrics = new PublisherMetrics(options.MeterFactory, options.PublisherId, () => Status);
        _pump = new PublisherPump(options.Ledger, _time, _logger) { Finished = OnFinished, Settings = settings, Metrics = _metrics };
        _connection = new ConnectionSupervisor(options, options.WireFilter?.Incoming(_pump) ?? _pump, _logger, Random.Shared);
        _connection.StateChanged += change => _events.Raise(ConnectionStateChangedAsync, change);
        _pump.Wire = options.WireFilter?.Outgoing(_connection) ?? _connection;
        _ownership = new Ownership(options.PublisherId, options.Ledger, _pump, settings, options.LeaseDuration, _time, _logger)
        {
            AcceptOnly = options.AcceptOnly,
            Changed = isOwner =>
            {
                if (isOwner) _connection.Start();
                else if (_disposed == 0) _connection.Suspend(); // At its end the publisher stops, it is not taken over.
            },
        };
        _connection.MayConnect = _ownership.MayConnectAsync;
    }

    /// <summary>
    /// Starts a publisher: checks the options, opens the ledger, and then connects in the background. It does not wait for the broker:
    /// messages are accepted from now on.
    /// </summary>
    /// <exception cref="ArgumentException">An option is missing or out of range; its parameter name is the option's name.</exception>
    /// <exception cref="InvalidOperationException"><see cref="ReliablePublisherOptions.Mqtt"/> undid a setting that the session needs, or the ledger is not durable although that is required.</exception>
    /// <exception cref="LedgerUnavailableException">The ledger cannot be reached (within <see cref="ReliablePublisherOptions.LedgerStartTimeout"/>).</exception>
    public static Task<ReliablePublisher> StartAsync(ReliablePublisherOptions options, CancellationToken cancellationToken = default) => StartPreparedAsync(options, null, cancellationToken);

    /// <summary>As <see cref="StartAsync"/>; <paramref name="prepare"/> is called before the publisher asks for the lease and connects: who attaches to its events there misses none.</summary>
    internal static async Task<ReliablePublisher> StartPreparedAsync(ReliablePublisherOptions options, Action<ReliablePublisher>? prepare, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionsValidator.Validate(options);
        if (!options.AcceptOnly) _ = new MqttOptionsFactory(options).Create();
        var publisher = new ReliablePublisher(options with { });
        try
        {
            await publisher.OpenLedgerAsync(cancellationToken).ConfigureAwait(false);
            publisher._connection.Configure();
        }
        catch
        {
            await publisher.StopAsync().ConfigureAwait(false);
            throw;
        }

        prepare?.Invoke(publisher);
        publisher._owning = Task.Run(() => publisher._ownership.RunAsync(publisher._stopping.Token), CancellationToken.None);
        return publisher;
    }

    /// <summary>When the time of each waiting call is over.</summary>
    internal Deadlines Deadlines { get; }

    /// <inheritdoc />
    public IMqttClient Client => _connection.Client;

    /// <inheritdoc />
    public DeadLetterBox DeadLetters { get; }

    /// <inheritdoc />
    public event Func<PublishReceipt, Task>? ConfirmedAsync;

    /// <inheritdoc />
    public event Func<PublishReceipt, Task>? DeadLetteredAsync;

    /// <inheritdoc />
    public event Func<ConnectionStateChange, Task>? ConnectionStateChangedAsync;

    /// <inheritdoc />
    public PublisherStatus Status
    {
        get
        {
            var snapshot = _pump.Snapshot;
            return new PublisherStatus
            {
                Connection = _disposed != 0 ? ConnectionState.Stopped : _connection.State,
                IsOwner = _ownership.IsOwner,
                IsLedgerAvailable = !_pump.IsLedgerSilent,
                IsLedgerFull = snapshot.IsFull,
                Durability = _durability,
                Pending = snapshot.Pending,
                InFlight = snapshot.InFlight,
                OldestAge = snapshot.OldestAcceptedAt is { } oldest ? _time.GetUtcNow() - oldest : null,
                Confirmed = Interlocked.Read(ref _confirmed),
                DeadLettered = Interlocked.Read(ref _deadLettered),
                Reconnects = _connection.Reconnects,
                Resumed = snapshot.Resumed,
            };
        }
    }

    /// <inheritdoc />
    public Task ReconnectAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (_options.AcceptOnly) throw new InvalidOperationException("AcceptOnly is set: this publisher has no connection.");
        return _connection.ReconnectAsync(cancellationToken);
    }

    private async Task OpenLedgerAsync(CancellationToken cancellationToken)
    {
        var open = new LedgerOpenOptions
        {
            PublisherId = _options.PublisherId,
            LeaseDuration = _options.LeaseDuration,
            DeduplicationWindow = _options.DeduplicationWindow,
            MaxPending = _options.MaxPending,
            MaxPendingBytes = _options.MaxPendingBytes,
            MaxDeadLetters = _options.MaxDeadLetters,
            DeadLetterRetention = _options.DeadLetterRetention,
            TimeProvider = _time,
            Logger = _logger,
        };
        var durability = _durability = await RetryOpenAsync(open, cancellationToken).ConfigureAwait(false);
        Log.LedgerOpened(_logger, _options.PublisherId, _options.Ledger.Kind, durability.Level, durability.Description);
        if (durability.Level == LedgerDurabilityLevel.Durable) return;
        if (_options.RequireDurableLedger)
            throw new InvalidOperationException($"RequireDurableLedger is set, and the ledger is not durable ({durability.Level}): {durability.Description}");
        Log.LedgerNotDurable(_logger, durability.Level, durability.Description);
    }

    private async Task<LedgerDurability> RetryOpenAsync(LedgerOpenOptions open, CancellationToken cancellationToken)
    {
        var deadline = _time.GetUtcNow() + _options.LedgerStartTimeout;
        while (true)
        {
            try
            {
                return await _options.Ledger.OpenAsync(open, cancellationToken).ConfigureAwait(false);
            }
            catch (LedgerUnavailableException) when (_time.GetUtcNow() < deadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private bool? Ask(Func<PublishRefusal, bool?> shouldRetry, in Refusal refusal)
    {
        var record = refusal.Record;
        try
        {
            return shouldRetry(new PublishRefusal
            {
                MessageId = record.MessageId,
                Topic = record.Topic,
                QualityOfService = record.QualityOfService,
                ReasonCode = refusal.ReasonCode,
                ReasonString = refusal.ReasonString,
                Attempts = refusal.Attempts,
                AcceptedAt = record.AcceptedAt,
            });
        }
#pragma warning disable CA1031 // The application's error must not stop the dispatcher.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.ShouldRetryFailed(_logger, record.MessageId, refusal.ReasonCode, error);
            return null;
        }
    }

    private void OnFinished(FinishedMessage message)
    {
        var receipt = message.Receipt;
        _metrics.OnFinished(receipt, message.SentAt, _time);
        if (!message.IsAwaited) Tracing.Sent(_options.PublisherId, message.Record, receipt, message.SentAt, _time);
        if (receipt.Outcome == PublishOutcome.Confirmed)
        {
            Interlocked.Increment(ref _confirmed);
            _events.Raise(ConfirmedAsync, receipt);
            return;
        }

        if (receipt.Outcome == PublishOutcome.Expired)
        {
            Log.Expired(_logger, receipt.MessageId);
        }
        else
        {
            Interlocked.Increment(ref _deadLettered);
            Log.GivenUp(_logger, receipt.MessageId, receipt.Outcome, receipt.ReasonCode, receipt.ReasonString);
        }

        _events.Raise(DeadLetteredAsync, receipt);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed != 0, this);
}
