using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.Messages;

/// <summary>
/// The size of a PUBLISH on the wire, told before it is encoded: what the broker's Maximum Packet Size is compared with (MQTT 5 §3.1.2.11.4,
/// counted with the fixed header, §2.1.4). It follows MQTTnet's encoder byte for byte; a test compares the two.
/// </summary>
internal static class PublishPacketSize
{
    /// <summary>The longest automatic id, counted while the ledger has not given one.</summary>
    private static readonly int LongestAutomaticId = MessageId.ForSequence(ulong.MaxValue, long.MaxValue).Utf8Length;

    /// <summary>The exact size of the packet in bytes.</summary>
    /// <param name="record">The message. Without an id it is measured with the longest that the ledger may give; at QoS 0 none is sent.</param>
    /// <param name="mqtt5">False for MQTT 3.1.1, which has no properties.</param>
    /// <param name="withExpiry">Whether a Message Expiry Interval goes along.</param>
    public static long Measure(LedgerRecord record, bool mqtt5, bool withExpiry)
    {
        var hasPacketId = record.QualityOfService != MqttQualityOfServiceLevel.AtMostOnce;
        long remaining = Text(record.Topic) + (hasPacketId ? 2 : 0) + record.Payload.Length;
        if (mqtt5)
        {
            var properties = Properties(record, withExpiry);
            remaining += VariableInteger(properties) + properties;
        }

        return 1 + VariableInteger(remaining) + remaining;
    }

    /// <summary>The size of the properties of an MQTT 5 packet, without the number that says it.</summary>
    public static long Properties(LedgerRecord record, bool withExpiry)
    {
        long size = withExpiry ? 5 : 0;
        if (!record.MessageId.IsEmpty) size += 1 + Text(MessageId.UserPropertyName) + 2 + record.MessageId.Utf8Length;
        else if (record.QualityOfService != MqttQualityOfServiceLevel.AtMostOnce)
            size += 1 + Text(MessageId.UserPropertyName) + 2 + LongestAutomaticId;
        if (record.Properties is not { } properties) return size;

        if (properties.PayloadFormatIndicator != MqttPayloadFormatIndicator.Unspecified) size += 2;
        // An empty string is not sent, empty correlation data is: so does the encoder.
        if (!string.IsNullOrEmpty(properties.ContentType)) size += 1 + Text(properties.ContentType);
        if (!string.IsNullOrEmpty(properties.ResponseTopic)) size += 1 + Text(properties.ResponseTopic);
        if (properties.CorrelationData is { } correlation) size += 1 + 2 + correlation.Length;
        foreach (var property in properties.UserProperties) size += 1 + Text(property.Name) + 2 + property.ValueBuffer.Length;
        return size;
    }

    private static long Text(string text) => 2L + Encoding.UTF8.GetByteCount(text);

    // Four bytes are the most that the protocol has (MQTT 5 §1.5.5); what would need more is beyond every limit anyway.
    private static int VariableInteger(long value) => value switch { < 128 => 1, < 16_384 => 2, < 2_097_152 => 3, _ => 4 };
}
