using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;
using ReliableMqtt.Deduplication;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Listening;

/// <summary>
/// Subscribes and counts. It publishes nothing: it uses the MQTTnet client of a <see cref="ReliablePublisher"/> because that one reconnects,
/// renews its subscriptions when the broker has lost the session, and is a QoS 2 receiver that keeps packet ids across connections. With a store it counts each
/// message once, whatever is sent twice and whoever is killed.
/// </summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly ReliablePublisher _connection;
    private readonly ProcessedMessageStore? _store;
    private readonly DeduplicatedReceiver? _receiver;

    private Listener(ReliablePublisher connection, DeliveryCounter deliveries, ProcessedMessageStore? store, DeduplicatedReceiver? receiver)
    {
        (_connection, _store, _receiver) = (connection, store, receiver);
        Deliveries = deliveries;
    }

    public DeliveryCounter Deliveries { get; }

    /// <summary>How many copies were recognised and not counted; null without a store.</summary>
    public long? Copies => _receiver?.Counts.Duplicates;

    /// <summary>Connects and subscribes; returns when the broker has granted the subscription.</summary>
    /// <exception cref="InvalidOperationException">The broker does not grant it.</exception>
    public static async Task<Listener> StartAsync(
        string clientId, Action<MqttClientOptionsBuilder> broker, string topic, MqttQualityOfServiceLevel qualityOfService,
        TimeSpan sessionExpiry, DedupeAddress? dedupe, HistoryFile history, ILoggerFactory? logging, CancellationToken cancellationToken)
    {
        var deliveries = new DeliveryCounter(history);
        var store = dedupe?.CreateStore(clientId);
        DeduplicatedReceiver? receiver = null;
        var connection = await ReliablePublisher.StartAsync(
            new ReliablePublisherOptions
            {
                PublisherId = clientId,
                Mqtt = broker,
                Ledger = dedupe?.CreateLedger() ?? new InMemoryAckLedger(),
                SessionExpiry = sessionExpiry,
                MaxBackoff = TimeSpan.FromSeconds(2),
                LoggerFactory = logging,
                ConfigureClient = client =>
                {
                    if (store is not null) receiver = client.UseDeduplication(store, (received, _) => CountAsync(received.Message), new DeduplicationOptions { LoggerFactory = logging });
                    else client.ApplicationMessageReceivedAsync += received => CountAsync(received.ApplicationMessage);
                },
            },
            cancellationToken);

        connection.ReportLastingTrouble();
        var listener = new Listener(connection, deliveries, store, receiver);
        try
        {
            await listener.SubscribeAsync(topic, qualityOfService, cancellationToken);
            deliveries.RestartIdle();
            return listener;
        }
        catch
        {
            await listener.DisposeAsync();
            throw;
        }

        Task CountAsync(MqttApplicationMessage message)
        {
            deliveries.Count(message);
            return Task.CompletedTask;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_receiver is not null) await _receiver.DisposeAsync();
        await _connection.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
    }

    private async Task SubscribeAsync(string topic, MqttQualityOfServiceLevel qualityOfService, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _connection.WaitForConnectionAsync(cancellationToken);
            try
            {
                var answer = await _connection.Client.SubscribeAsync(topic, qualityOfService, cancellationToken);
                var refused = answer.Items.FirstOrDefault(item => item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2);
                if (refused is not null) throw new InvalidOperationException($"The broker refuses the subscription to {topic}: {refused.ResultCode}.");
                return;
            }
            catch (MqttCommunicationException)
            {
                // The connection went away meanwhile; there will be another.
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }
}
