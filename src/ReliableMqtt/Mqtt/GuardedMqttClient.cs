using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// The client that the application sees. It subscribes, receives, and publishes at QoS 0 on whatever connection there is; what would go past the
/// ledger or the connection loop is refused. Behind it stands one MqttClient for each connect: a handler of the application that does not
/// return keeps its MqttClient from closing, and must not keep the next connection from being made.
/// </summary>
internal sealed partial class GuardedMqttClient(ILogger logger, IncomingQos2Ids incomingIds) : IMqttClient
{
    private volatile MqttClient? _inner;

    /// <summary>What the application has subscribed to.</summary>
    public SubscriptionBook Subscriptions { get; } = new();

    public bool IsConnected => _inner?.IsConnected ?? false;

    /// <summary>The options of the last connect; null before the first.</summary>
    public MqttClientOptions? Options => _inner?.Options;

    private MqttClient Inner => _inner ?? throw new MqttClientNotConnectedException();

    /// <summary>Puts another MqttClient behind this one.</summary>
    public void Use(MqttClient inner)
    {
        Attach(inner);
        lock (_inspectGate)
        {
            _inner = inner;
            if (_inspect is not null) inner.InspectPacketAsync += OnInspectAsync;
        }
    }

    public Task<MqttClientConnectResult> ConnectAsync(MqttClientOptions options, CancellationToken cancellationToken = default) => throw Refused(
        "connects by itself, since it must own the session", $"{nameof(ReliablePublisher)}.{nameof(ReliablePublisher.ReconnectAsync)}");

    public Task DisconnectAsync(MqttClientDisconnectOptions options, CancellationToken cancellationToken = default) => throw Refused(
        "reconnects when the connection ends, and ends it when it is disposed",
        $"{nameof(ReliablePublisher)}.{nameof(ReliablePublisher.DisposeAsync)} or {nameof(ReliablePublisher.ReconnectAsync)}");

    public void Dispose() => throw Refused(
        "owns this client", $"{nameof(ReliablePublisher)}.{nameof(ReliablePublisher.DisposeAsync)}");

    public Task PingAsync(CancellationToken cancellationToken = default) => Inner.PingAsync(cancellationToken);

    public Task<MqttClientPublishResult> PublishAsync(MqttApplicationMessage applicationMessage, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(applicationMessage);
        if (applicationMessage.QualityOfServiceLevel != MqttQualityOfServiceLevel.AtMostOnce)
        {
            throw Refused(
                "must write a QoS 1 or 2 message into its ledger first; this client would lose it with the connection, and take a place in the broker's window",
                $"{nameof(ReliablePublisher)}.{nameof(ReliablePublisher.PublishAsync)}");
        }

        return Inner.PublishAsync(applicationMessage, cancellationToken);
    }

    public Task SendEnhancedAuthenticationExchangeDataAsync(
        MqttEnhancedAuthenticationExchangeData data, CancellationToken cancellationToken = default) =>
        Inner.SendEnhancedAuthenticationExchangeDataAsync(data, cancellationToken);

    public async Task<MqttClientSubscribeResult> SubscribeAsync(MqttClientSubscribeOptions options, CancellationToken cancellationToken = default)
    {
        var result = await Inner.SubscribeAsync(options, cancellationToken).ConfigureAwait(false);
        Subscriptions.OnSubscribed(options, result);
        return result;
    }

    public async Task<MqttClientUnsubscribeResult> UnsubscribeAsync(MqttClientUnsubscribeOptions options, CancellationToken cancellationToken = default)
    {
        var result = await Inner.UnsubscribeAsync(options, cancellationToken).ConfigureAwait(false);
        Subscriptions.OnUnsubscribed(result);
        return result;
    }

    private static InvalidOperationException Refused(string why, string instead) =>
        new($"This client belongs to a {nameof(ReliablePublisher)}, which {why}. Use {instead}.");
}
