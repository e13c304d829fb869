using System.Buffers;
using MQTTnet;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>Makes the ledger's record of what the application gave: the payload is copied here, once.</summary>
internal static class RecordFactory
{
    /// <param name="message">The message.</param>
    /// <param name="now">The time of the accept.</param>
    /// <param name="isTraced">The trace that this call is part of goes with the message.</param>
    public static LedgerRecord Create(in PublishDraft message, DateTimeOffset now, bool isTraced = false)
    {
        var options = message.Options;
        return new LedgerRecord
        {
            MessageId = options?.MessageId ?? default,
            Topic = message.Topic,
            Payload = message.Payload.ToArray(),
            QualityOfService = message.QualityOfService,
            Retain = options?.Retain ?? false,
            AcceptedAt = now,
            ExpiresAt = options?.MessageExpiry is { } expiry ? now + expiry : null,
            Properties = isTraced ? Telemetry.Tracing.WithContext(ToProperties(options)) : ToProperties(options),
        };
    }

    /// <summary>MQTTnet's own message in our words. DUP, topic alias and subscription identifiers are not the application's to set.</summary>
    public static PublishMessage FromMqttNet(MqttApplicationMessage message, PublishOptions? options)
    {
        ArgumentNullException.ThrowIfNull(message);
        var merged = (options ?? new PublishOptions()) with
        {
            Retain = message.Retain || options?.Retain == true,
            ContentType = options?.ContentType ?? message.ContentType,
            ResponseTopic = options?.ResponseTopic ?? message.ResponseTopic,
            CorrelationData = options?.CorrelationData ?? (message.CorrelationData is { } data ? new ReadOnlyMemory<byte>(data) : null),
            PayloadFormatIndicator = options is { PayloadFormatIndicator: not default(MQTTnet.Protocol.MqttPayloadFormatIndicator) }
                ? options.PayloadFormatIndicator : message.PayloadFormatIndicator,
            UserProperties = options?.UserProperties ?? message.UserProperties,
            MessageExpiry = options?.MessageExpiry
                ?? (message.MessageExpiryInterval > 0 ? TimeSpan.FromSeconds(message.MessageExpiryInterval) : null),
        };
        var payload = message.Payload.IsSingleSegment ? message.Payload.First : message.Payload.ToArray();
        return new PublishMessage(message.Topic, payload, message.QualityOfServiceLevel, merged);
    }

    private static MessageProperties? ToProperties(PublishOptions? options)
    {
        if (options is null || (options.ContentType is null && options.ResponseTopic is null && options.CorrelationData is null
            && options.PayloadFormatIndicator == default && options.UserProperties is not { Count: > 0 })) return null;
        return new MessageProperties
        {
            ContentType = options.ContentType,
            ResponseTopic = options.ResponseTopic,
            CorrelationData = options.CorrelationData is { } data ? data.ToArray() : (ReadOnlyMemory<byte>?)null,
            PayloadFormatIndicator = options.PayloadFormatIndicator,
            UserProperties = options.UserProperties is { Count: > 0 } list
                ? [.. list.Select(p => new MQTTnet.Packets.MqttUserProperty(p.Name, (ReadOnlyMemory<byte>)p.ValueBuffer.ToArray()))] : [],
        };
    }
}
