using MQTTnet.Formatter;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>The limits that a broker states in CONNACK; MQTTnet reports them and obeys none.</summary>
internal static class BrokerLimits
{
    /// <summary>Says which limit forbids to publish this message on this connection (MQTT 5 §3.2.2-11, -14, -15), or null.</summary>
    public static string? Find(ConnectionInfo connection, LedgerRecord record)
    {
        if (record.QualityOfService > connection.MaximumQoS)
            return $"the broker takes at most QoS {(int)connection.MaximumQoS}, the message has QoS {(int)record.QualityOfService}";
        if (record.Retain && !connection.RetainAvailable)
            return "the broker does not take retained messages";

        // Only a message that comes near the limit needs to be measured: strings take at most three bytes a character, properties are rare.
        if (record.Properties is null && record.Payload.Length + (3L * record.Topic.Length) + 2048 < connection.MaximumPacketSize) return null;
        var size = PublishPacketSize.Measure(record, connection.Protocol == MqttProtocolVersion.V500, record.ExpiresAt is not null);
        return size > connection.MaximumPacketSize
            ? $"the broker takes packets of at most {connection.MaximumPacketSize} bytes, this one has {size}"
            : null;
    }
}
