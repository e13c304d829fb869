using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Deduplication;

/// <summary>Stands between a client and a handler; made by <see cref="DeduplicationExtensions.UseDeduplication"/>.</summary>
public sealed class DeduplicatedReceiver : IAsyncDisposable
{
    /// <summary>So many deliveries wait here; more wait in MqttClient, which then cannot close a connection.</summary>
    private const int Capacity = 4_096;

    /// <summary>How long disposing waits for a handler that was cancelled.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly IMqttClient _client;
    private readonly MessageDeduplicator _deduplicator;
    private readonly DeduplicationOptions _options;
    private readonly Channel<Delivery> _arrived = Channel.CreateBounded<Delivery>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly Channel<Delivery> _begun = Channel.CreateBounded<Delivery>(new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true });
    private readonly SemaphoreSlim _slots;
    private readonly SemaphoreSlim _connection = new(1);
    private readonly CancellationTokenSource _stop = new(), _cancel = new();
    private readonly Task _loops;
    private CancellationTokenSource _acknowledging = new();
    private int _connectionId;
    private int _disposed;

    internal DeduplicatedReceiver(IMqttClient client, MessageDeduplicator deduplicator, DeduplicationOptions options)
    {
        (_client, _deduplicator, _options) = (client, deduplicator, options);
        _slots = new SemaphoreSlim(options.MaxConcurrency);
        _loops = Task.WhenAll(Task.Run(BeginAsync), Task.Run(AcknowledgeAsync));
        client.ConnectingAsync += OnConnectingAsync;
        client.ApplicationMessageReceivedAsync += OnReceivedAsync;
    }

    /// <summary>What has become of deliveries so far.</summary>
    public DeduplicationCounts Counts => _deduplicator.Counts;

    /// <summary>
    /// Takes no more messages, waits <see cref="DeduplicationOptions.ShutdownTimeout"/> for the handlers that run, and cancels them then. What they have finished is marked and, while the client is connected,
    /// acknowledged; what had not begun is neither, and the broker sends it again on the next connection. Client and store stay as they are.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _client.ApplicationMessageReceivedAsync -= OnReceivedAsync;
        await _stop.CancelAsync().ConfigureAwait(false);
        _arrived.Writer.TryComplete();
        if (!await EndsAsync(_options.ShutdownTimeout).ConfigureAwait(false))
        {
            Log.HandlersCancelled(_deduplicator.Logger);
            await _cancel.CancelAsync().ConfigureAwait(false);
            await _acknowledging.CancelAsync().ConfigureAwait(false);
            await EndsAsync(Grace).ConfigureAwait(false);
        }

        _client.ConnectingAsync -= OnConnectingAsync;
    }

    private async Task<bool> EndsAsync(TimeSpan limit)
    {
        try
        {
            await _loops.WaitAsync(limit, _options.TimeProvider).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // It returns at once: a handler that MqttClient waits for would keep it from closing a lost connection, and so from making the next one.
    private async Task OnReceivedAsync(MqttApplicationMessageReceivedEventArgs args)
    {
        args.AutoAcknowledge = false;
        try
        {
            await _arrived.Writer.WriteAsync(new Delivery(args, Volatile.Read(ref _connectionId)), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or ChannelClosedException)
        {
            // It stays unacknowledged.
        }
    }

    // An acknowledgement that comes late must not go out on the next connection, where its packet id may be another message's: it is sent before that begins, or never.
    private async Task OnConnectingAsync(MqttClientConnectingEventArgs args)
    {
        await _acknowledging.CancelAsync().ConfigureAwait(false);
        await _connection.WaitAsync().ConfigureAwait(false);
        _acknowledging = new CancellationTokenSource();
        _connectionId++;
        _connection.Release();
    }

    private async Task BeginAsync()
    {
        try
        {
            await foreach (var delivery in _arrived.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                await _slots.WaitAsync(_stop.Token).ConfigureAwait(false);
                delivery.MayBeAcknowledged = Task.Run(() => ProcessAsync(delivery));
                // Not with the token: who has begun is waited for.
                await _begun.Writer.WriteAsync(delivery).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
        finally
        {
            _begun.Writer.TryComplete();
        }
    }

    private async Task<bool> ProcessAsync(Delivery delivery)
    {
        try
        {
            return await _deduplicator.ProcessAsync(delivery.Args.ApplicationMessage, _stop.Token, _cancel.Token).ConfigureAwait(false) != DeduplicationOutcome.Failed;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
#pragma warning disable CA1031 // One delivery's error must not end the others'.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.DeliveryFailed(_deduplicator.Logger, error);
            return false;
        }
        finally
        {
            _slots.Release();
        }
    }

    // In the order of arrival, which the protocol demands (MQTT-4.6.0-2, -3).
    private async Task AcknowledgeAsync()
    {
        await foreach (var delivery in _begun.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (!await delivery.MayBeAcknowledged.ConfigureAwait(false) || delivery.Args.ApplicationMessage.QualityOfServiceLevel == MqttQualityOfServiceLevel.AtMostOnce) continue;
            await _connection.WaitAsync().ConfigureAwait(false);
            try
            {
                if (delivery.ConnectionId == _connectionId) await delivery.Args.AcknowledgeAsync(_acknowledging.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // The connection is gone, in whatever way MqttClient says it. The broker sends the message again, and it is recognised.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.AcknowledgeFailed(_deduplicator.Logger, error);
            }
            finally
            {
                _connection.Release();
            }
        }
    }

    private sealed class Delivery(MqttApplicationMessageReceivedEventArgs args, int connectionId)
    {
        public MqttApplicationMessageReceivedEventArgs Args => args;

        public int ConnectionId => connectionId;

        public Task<bool> MayBeAcknowledged { get; set; } = Task.FromResult(false);
    }
}
