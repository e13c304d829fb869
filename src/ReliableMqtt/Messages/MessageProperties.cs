using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.Messages;

/// <summary>The MQTT 5 properties of a message that travel to its receiver (MQTT 5 §3.3.2.3). Null on most messages, and on every MQTT 3.1.1 one.</summary>
public sealed record MessageProperties
{
    /// <summary>Content Type, §3.3.2.3.9.</summary>
    public string? ContentType { get; init; }

    /// <summary>Response Topic, §3.3.2.3.5.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>Correlation Data, §3.3.2.3.6.</summary>
    public ReadOnlyMemory<byte>? CorrelationData { get; init; }

    /// <summary>Payload Format Indicator, §3.3.2.3.2.</summary>
    public MqttPayloadFormatIndicator PayloadFormatIndicator { get; init; }

    /// <summary>User Properties in their order, §3.3.2.3.7, without the message id, which the library adds.</summary>
    public IReadOnlyList<MqttUserProperty> UserProperties { get; init; } = [];

    /// <summary>What the properties count for in <see cref="LedgerRecord.Size"/>.</summary>
    internal int Size
    {
        get
        {
            var size = (ContentType?.Length ?? 0) + (ResponseTopic?.Length ?? 0) + (CorrelationData?.Length ?? 0);
            foreach (var property in UserProperties) size += property.Name.Length + property.ValueBuffer.Length;
            return size;
        }
    }
}
