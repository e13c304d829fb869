using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MQTTnet;

namespace ReliableMqtt;

/// <summary>The publisher that the container gives out: it is there before the host has started, and its calls wait until it has.</summary>
internal sealed partial class HostedPublisher(PublisherRegistration registration, IServiceProvider services) : IReliablePublisher, IDraftPublisher
{
    private readonly TaskCompletionSource<ReliablePublisher> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private Func<PublishReceipt, Task>? _confirmed;
    private Func<PublishReceipt, Task>? _deadLettered;
    private Func<ConnectionStateChange, Task>? _connection;
    private ReliablePublisher? _attached;
    private bool _isStarting;
    private bool _isStopped;

    /// <summary>Null until the host has started it.</summary>
    public ReliablePublisher? Publisher => _started.Task.IsCompletedSuccessfully ? _started.Task.Result : null;

    public ReliableMqttOptions Settings => services.GetRequiredService<IOptionsMonitor<ReliableMqttOptions>>().Get(registration.Name);

    public IMqttClient Client => Ready.Client;

    public PublisherStatus Status => Publisher?.Status ?? new PublisherStatus { Connection = _isStopped ? ConnectionState.Stopped : ConnectionState.Disconnected, IsLedgerAvailable = false };

    public DeadLetterBox DeadLetters => Ready.DeadLetters;

    private ReliablePublisher Ready => Publisher ?? throw new InvalidOperationException(
        "The publisher has not been started: the host starts it, before its other services. Use this after the start; publishing calls wait for it by themselves.");

    public event Func<PublishReceipt, Task>? ConfirmedAsync
    {
        add => Change(() => _confirmed += value, publisher => publisher.ConfirmedAsync += value);
        remove => Change(() => _confirmed -= value, publisher => publisher.ConfirmedAsync -= value);
    }

    public event Func<PublishReceipt, Task>? DeadLetteredAsync
    {
        add => Change(() => _deadLettered += value, publisher => publisher.DeadLetteredAsync += value);
        remove => Change(() => _deadLettered -= value, publisher => publisher.DeadLetteredAsync -= value);
    }

    public event Func<ConnectionStateChange, Task>? ConnectionStateChangedAsync
    {
        add => Change(() => _connection += value, publisher => publisher.ConnectionStateChangedAsync += value);
        remove => Change(() => _connection -= value, publisher => publisher.ConnectionStateChangedAsync -= value);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isStarting || _isStopped) return;
            _isStarting = true;
        }

        try
        {
            var ledger = registration.Ledger ?? throw new InvalidOperationException(
                "No ledger was chosen: call UseRedisLedger, UseSqliteLedger, UseLedger, or for tests UseInMemoryLedger, on what AddReliableMqtt returns.");
            _started.TrySetResult(await ReliablePublisher.StartPreparedAsync(Options(ledger(services)), Attach, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            _started.TrySetException(error);
            _ = _started.Task.Exception;
            throw;
        }
    }

    /// <summary>Drains, disconnects and answers everybody who still waits.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isStopped = true;
        if (Publisher is { } publisher) await publisher.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        else Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        _isStopped = true;
        if (Publisher is { } publisher) await publisher.DisposeAsync().ConfigureAwait(false);
        else Cancel();
    }

    private void Cancel()
    {
        if (_started.TrySetException(new ObjectDisposedException(nameof(IReliablePublisher), "The host has ended without starting the publisher. Nothing was stored."))) _ = _started.Task.Exception;
    }

    private ReliablePublisherOptions Options(Ledger.AckLedger ledger)
    {
        var settings = Settings;
        // Asked again for each connection: a password that has changed counts from the next one on.
        Action<MqttClientOptionsBuilder> mqtt = client =>
        {
            OptionsMapping.Apply(Settings.Broker, client);
            registration.Apply(services, client);
        };
        return OptionsMapping.ToPublisher(settings, ledger, settings.AcceptOnly ? null : mqtt) with
        {
            LoggerFactory = services.GetService<ILoggerFactory>(),
            MeterFactory = services.GetService<IMeterFactory>(),
            TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
            ConfigureClient = client => registration.Clients.ForEach(configure => configure(services, client)),
        };
    }

    // Before it does anything that it could tell of.
    private void Attach(ReliablePublisher publisher)
    {
        lock (_gate)
        {
            publisher.ConfirmedAsync += _confirmed;
            publisher.DeadLetteredAsync += _deadLettered;
            publisher.ConnectionStateChangedAsync += _connection;
            _attached = publisher;
        }
    }

    private void Change(Action before, Action<ReliablePublisher> after)
    {
        lock (_gate)
        {
            if (_attached is { } publisher) after(publisher);
            else before();
        }
    }
}
