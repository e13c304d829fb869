using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sample.Publishing;

namespace ReliableMqtt.Sample.Listening;

/// <summary>
/// Subscribes and counts. It publishes nothing: it uses the MQTTnet client of a <see cref="ReliablePublisher"/> because that one reconnects,
/// renews its subscriptions when the broker has lost the session, and is a QoS 2 receiver that keeps packet ids across connections.
/// </summary>
internal sealed class Listener : IAsyncDisposable
{
    private readonly ReliablePublisher _connection;

    private Listener(ReliablePublisher connection, DeliveryCounter deliveries)
    {
        _connection = connection;
        Deliveries = deliveries;
    }

    public DeliveryCounter Deliveries { get; }

    /// <summary>Connects and subscribes; returns when the broker has granted the subscription.</summary>
    /// <exception cref="InvalidOperationException">The broker does not grant it.</exception>
    public static async Task<Listener> StartAsync(
        string clientId, Action<MqttClientOptionsBuilder> broker, string topic, MqttQualityOfServiceLevel qualityOfService,
        TimeSpan sessionExpiry, HistoryFile history, ILoggerFactory? logging, CancellationToken cancellationToken)
    {
        var deliveries = new DeliveryCounter(history);
        var connection = await ReliablePublisher.StartAsync(
            new ReliablePublisherOptions
            {
                PublisherId = clientId,
                Mqtt = broker,
                Ledger = new InMemoryAckLedger(),
                SessionExpiry = sessionExpiry,
                MaxBackoff = TimeSpan.FromSeconds(2),
                LoggerFactory = logging,
                ConfigureClient = client => client.ApplicationMessageReceivedAsync += received =>
                {
                    deliveries.Count(received.ApplicationMessage);
                    return Task.CompletedTask;
                },
            },
            cancellationToken);

        connection.ReportLastingTrouble();
        var listener = new Listener(connection, deliveries);
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
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

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
