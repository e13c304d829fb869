using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt;

/// <summary>The short forms: a topic, a payload, a quality of service.</summary>
public static class ReliablePublisherExtensions
{
    /// <summary>Publishes a payload; see <see cref="IReliablePublisher.PublishAsync(PublishMessage, CancellationToken)"/>.</summary>
    public static Task<PublishReceipt> PublishAsync(
        this IReliablePublisher publisher, string topic, ReadOnlyMemory<byte> payload,
        MqttQualityOfServiceLevel qualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, PublishOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        return publisher is IDraftPublisher own
            ? own.PublishAsync(new PublishDraft(topic, payload, qualityOfService, options), cancellationToken)
            : publisher.PublishAsync(new PublishMessage(topic, payload, qualityOfService, options), cancellationToken);
    }

    /// <summary>Publishes a text as UTF-8; see <see cref="IReliablePublisher.PublishAsync(PublishMessage, CancellationToken)"/>.</summary>
    public static Task<PublishReceipt> PublishAsync(
        this IReliablePublisher publisher, string topic, string payload,
        MqttQualityOfServiceLevel qualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, PublishOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        return publisher.PublishAsync(topic, Encoding.UTF8.GetBytes(payload), qualityOfService, options, cancellationToken);
    }

    /// <summary>Accepts a payload into the ledger; see <see cref="IReliablePublisher.EnqueueAsync"/>.</summary>
    public static Task<PendingPublish> EnqueueAsync(
        this IReliablePublisher publisher, string topic, ReadOnlyMemory<byte> payload,
        MqttQualityOfServiceLevel qualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, PublishOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        return publisher.EnqueueAsync(new PublishMessage(topic, payload, qualityOfService, options), cancellationToken);
    }

    /// <summary>Accepts a text into the ledger as UTF-8; see <see cref="IReliablePublisher.EnqueueAsync"/>.</summary>
    public static Task<PendingPublish> EnqueueAsync(
        this IReliablePublisher publisher, string topic, string payload,
        MqttQualityOfServiceLevel qualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, PublishOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(payload);
        return publisher.EnqueueAsync(topic, Encoding.UTF8.GetBytes(payload), qualityOfService, options, cancellationToken);
    }

    /// <summary>QoS 0: handed to the socket; may be lost, is never stored, never confirmed.</summary>
    /// <exception cref="ReliablePublishException">There is no connection (<see cref="PublishFailure.NotConnected"/>); nothing was sent or stored.</exception>
    public static Task<PublishReceipt> PublishAtMostOnceAsync(
        this IReliablePublisher publisher, string topic, ReadOnlyMemory<byte> payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.AtMostOnce, options, cancellationToken);

    /// <inheritdoc cref="PublishAtMostOnceAsync(IReliablePublisher, string, ReadOnlyMemory{byte}, PublishOptions?, CancellationToken)" />
    public static Task<PublishReceipt> PublishAtMostOnceAsync(
        this IReliablePublisher publisher, string topic, string payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.AtMostOnce, options, cancellationToken);

    /// <summary>QoS 1: nothing accepted is lost; duplicates at the broker only of what was in flight at a fault.</summary>
    public static Task<PublishReceipt> PublishAtLeastOnceAsync(
        this IReliablePublisher publisher, string topic, ReadOnlyMemory<byte> payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.AtLeastOnce, options, cancellationToken);

    /// <inheritdoc cref="PublishAtLeastOnceAsync(IReliablePublisher, string, ReadOnlyMemory{byte}, PublishOptions?, CancellationToken)" />
    public static Task<PublishReceipt> PublishAtLeastOnceAsync(
        this IReliablePublisher publisher, string topic, string payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.AtLeastOnce, options, cancellationToken);

    /// <summary>
    /// QoS 2: nothing accepted is lost, and the broker gets no duplicate while it keeps the session and the ledger loses no write. When the broker
    /// has lost the session, <see cref="ReliablePublisherOptions.SessionLossPolicy"/> decides between a possible duplicate and a dead letter.
    /// </summary>
    public static Task<PublishReceipt> PublishExactlyOnceAsync(
        this IReliablePublisher publisher, string topic, ReadOnlyMemory<byte> payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.ExactlyOnce, options, cancellationToken);

    /// <inheritdoc cref="PublishExactlyOnceAsync(IReliablePublisher, string, ReadOnlyMemory{byte}, PublishOptions?, CancellationToken)" />
    public static Task<PublishReceipt> PublishExactlyOnceAsync(
        this IReliablePublisher publisher, string topic, string payload, PublishOptions? options = null,
        CancellationToken cancellationToken = default) =>
        publisher.PublishAsync(topic, payload, MqttQualityOfServiceLevel.ExactlyOnce, options, cancellationToken);
}
