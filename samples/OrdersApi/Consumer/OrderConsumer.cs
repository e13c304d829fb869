using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;
using OrdersApi.Api;
using ReliableMqtt;
using ReliableMqtt.Deduplication;

namespace OrdersApi.Consumer;

/// <summary>Ships each order once, however often its message comes, and goes on with the customer's trace.</summary>
public sealed class OrderConsumer(IReliablePublisher connection, ShipmentBook book, ILoggerFactory loggers) : BackgroundService
{
    public const string SourceName = "OrdersApi.Consumer";

    private static readonly ActivitySource Source = new(SourceName);
    private readonly ILogger _logger = loggers.CreateLogger<OrderConsumer>();
    private DeduplicatedReceiver? _receiver;

    /// <summary>Messages that came again, and were not handled again.</summary>
    public long Copies => _receiver?.Counts.Duplicates ?? 0;

    public bool IsSubscribed { get; private set; }

    /// <summary>Before the first connection is made: what came earlier would be acknowledged without having been handled.</summary>
    public void Attach(IMqttClient client) => _receiver = client.UseDeduplication(book.Store, HandleAsync, new DeduplicationOptions
    {
        MaxConcurrency = 8, // Orders do not depend on each other.
        GiveUpAsync = GiveUpAsync,
        LoggerFactory = loggers,
    });

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_receiver is not null) await _receiver.DisposeAsync();
    }

    /// <summary>Subscribes. Once is enough: the broker's session keeps the subscription, and the library renews it if the broker has lost the session.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                var answer = await connection.Client.SubscribeAsync(Order.Topic, MqttQualityOfServiceLevel.ExactlyOnce, stoppingToken);
                if (answer.Items.Single().ResultCode is > MqttClientSubscribeResultCode.GrantedQoS2 and var refused) throw new InvalidOperationException($"The broker refuses the subscription: {refused}.");
                IsSubscribed = true;
                return;
            }
            catch (MqttCommunicationException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), stoppingToken); // Not connected yet, or no longer.
            }
        }
    }

    private async Task HandleAsync(ReceivedMessage received, CancellationToken cancel)
    {
        // The library's span "process" is linked to the publisher's; this one is its child, so that the customer's trace shows the shipping too.
        using var shipping = Source.StartActivity("ship", ActivityKind.Consumer, ReliableMqttTelemetry.ExtractContext(received.Message));
        var order = JsonSerializer.Deserialize<Order>(received.Message.Payload.ToArray()) ?? throw new JsonException("There is no order in the message.");
        shipping?.SetTag("messaging.message.id", order.Id);

        // Shipment and "this message was handled" are one transaction: whatever is killed in between, it happens once.
        await book.Store.CommitAsync(received, (database, transaction) => ShipmentBook.Ship(database, transaction, order), cancel);
    }

    /// <summary>What cannot be shipped would come again and again: it goes where somebody looks.</summary>
    private Task GiveUpAsync(ReceivedMessage received, Exception error, CancellationToken cancel)
    {
        _logger.LogError(error, "Order {Key} cannot be shipped", received.Key);
        return Task.CompletedTask;
    }
}
