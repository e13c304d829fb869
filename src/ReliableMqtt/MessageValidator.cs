using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>
/// Checks a message before anything of it is stored. A message that no broker can take would otherwise sit in the ledger and end every
/// connection that carries it (conformance rows 30, 31, 36), or be changed on its way without a word.
/// </summary>
internal static class MessageValidator
{
    /// <summary>The largest packet that MQTT's length field can describe, with the fixed header, in bytes (MQTT 5 §2.1.4).</summary>
    private const long MaxPacketSize = 268_435_460;

    /// <summary>Throws when the message cannot be published.</summary>
    /// <param name="message">The message.</param>
    /// <param name="maxPayloadSize">The largest payload in bytes: <see cref="ReliablePublisherOptions.MaxPayloadSize"/>.</param>
    /// <param name="mqtt5">False for MQTT 3.1.1, where MQTT 5 properties would be lost on the way.</param>
    /// <exception cref="ReliablePublishException">
    /// <see cref="PublishFailure.InvalidMessage"/> or <see cref="PublishFailure.MessageTooLarge"/>; the receipt says <see cref="PublishOutcome.NotAccepted"/>.
    /// </exception>
    public static void Validate(in PublishDraft message, int maxPayloadSize, bool mqtt5)
    {
        if (FindProblem(message, mqtt5) is { } problem) throw Failure(PublishFailure.InvalidMessage, message, problem);
        if (message.Payload.Length > maxPayloadSize)
            throw Failure(PublishFailure.MessageTooLarge, message,
                $"The payload has {message.Payload.Length} bytes; MaxPayloadSize allows {maxPayloadSize}. Send it in parts, or raise the option.");
        if (MayExceedProtocol(message) && PacketSize(message, mqtt5) is > MaxPacketSize and var size)
            throw Failure(PublishFailure.MessageTooLarge, message,
                $"The packet would have {size} bytes; MQTT allows {MaxPacketSize}. Send less, in the payload or in the user properties.");
    }

    private static string? FindProblem(in PublishDraft message, bool mqtt5)
    {
        if (MqttText.FindTopicProblem(message.Topic) is { } topic) return $"The topic {topic}. Give another topic.";
        if (message.QualityOfService is < MqttQualityOfServiceLevel.AtMostOnce or > MqttQualityOfServiceLevel.ExactlyOnce)
            return $"The quality of service {(int)message.QualityOfService} does not exist. Give 0, 1 or 2.";
        return message.Options is { } options ? FindOptionsProblem(options) ?? (mqtt5 ? FindPropertyProblem(options) : FindMqtt5Field(options)) : null;
    }

    private static string? FindOptionsProblem(PublishOptions options)
    {
        if (options.MessageId.Value.StartsWith(MessageId.AutomaticPrefix) && !options.MessageId.IsAutomatic)
            return $"The message id begins with '{MessageId.AutomaticPrefix}', which is kept for automatic ids. Give it another beginning.";
        if (options.MessageExpiry is { } expiry && (expiry < TimeSpan.FromSeconds(1) || expiry.TotalSeconds > uint.MaxValue))
            return $"The message expiry {expiry} is not within 1 … {uint.MaxValue} seconds. Give another one, or none for a message that never expires.";
        if (options.ConfirmTimeout is { } timeout && timeout <= TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            return $"The confirm timeout {timeout} is not above 0. Give another one, or enqueue the message without waiting for its confirm.";
        return null;
    }

    private static string? FindMqtt5Field(PublishOptions options)
    {
        var field = options switch
        {
            { ContentType: not null } => nameof(options.ContentType),
            { ResponseTopic: not null } => nameof(options.ResponseTopic),
            { CorrelationData: not null } => nameof(options.CorrelationData),
            { PayloadFormatIndicator: not MqttPayloadFormatIndicator.Unspecified } => nameof(options.PayloadFormatIndicator),
            { UserProperties.Count: > 0 } => nameof(options.UserProperties),
            _ => null,
        };
        return field is null ? null : $"{field} needs MQTT 5, and this publisher is set to MQTT 3.1.1. Leave it out, or set the protocol to MQTT 5.";
    }

    private static string? FindPropertyProblem(PublishOptions options)
    {
        if (options.ContentType is { } contentType && MqttText.FindProblem(contentType) is { } content)
            return $"The content type {content}. Give another one.";
        if (options.ResponseTopic is { } responseTopic && MqttText.FindTopicProblem(responseTopic) is { } response)
            return $"The response topic {response}. Give another one, or null for none.";
        if (options.CorrelationData is { Length: > MqttText.MaxBytes } correlation)
            return $"The correlation data has {correlation.Length} bytes; the protocol allows {MqttText.MaxBytes}. Give less.";
        if (!Enum.IsDefined(options.PayloadFormatIndicator))
            return $"The payload format indicator {(int)options.PayloadFormatIndicator} does not exist. Give 0 or 1.";
        foreach (var property in options.UserProperties ?? [])
            if (FindUserPropertyProblem(property) is { } problem) return problem;
        return null;
    }

    private static string? FindUserPropertyProblem(MqttUserProperty? property)
    {
        if (property is null) return "A user property is null. Leave it out.";
        if (MqttText.FindProblem(property.Name) is { } name) return $"The name of a user property {name}. Give another one.";
        if (property.Name == MessageId.UserPropertyName)
            return $"The user property {MessageId.UserPropertyName} is the library's own. Set PublishOptions.MessageId, or use another name.";
        return MqttText.FindProblem(property.ValueBuffer.Span) is { } problem
            ? $"The value of the user property {property.Name} {problem}. Give another one." : null;
    }

    // All that is bounded by itself (topic, message id, content type …) stays far below 1 MiB together: most messages need no measuring.
    private static bool MayExceedProtocol(in PublishDraft message) =>
        message.Payload.Length > MaxPacketSize - (1 << 20) || message.Options is { UserProperties.Count: > 0 };

    private static long PacketSize(in PublishDraft message, bool mqtt5)
    {
        var record = new LedgerRecord { Topic = message.Topic, Payload = message.Payload, QualityOfService = message.QualityOfService };
        if (message.Options is not { } options) return PublishPacketSize.Measure(record, mqtt5, withExpiry: false);
        var properties = new MessageProperties
        {
            ContentType = options.ContentType,
            ResponseTopic = options.ResponseTopic,
            CorrelationData = options.CorrelationData,
            PayloadFormatIndicator = options.PayloadFormatIndicator,
            UserProperties = options.UserProperties ?? [],
        };
        record = record with { MessageId = options.MessageId, Properties = properties };
        return PublishPacketSize.Measure(record, mqtt5, options.MessageExpiry is not null);
    }

    private static ReliablePublishException Failure(PublishFailure reason, in PublishDraft message, string text) =>
        new(reason, $"{text} Nothing was stored.", new PublishReceipt
        {
            MessageId = message.Options?.MessageId ?? default,
            Topic = message.Topic,
            QualityOfService = message.QualityOfService,
            Outcome = PublishOutcome.NotAccepted,
            ReasonString = text,
        });
}
