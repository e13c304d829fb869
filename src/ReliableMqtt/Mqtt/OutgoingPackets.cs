using System.Buffers;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>Makes MQTTnet's packets of ours.</summary>
internal static class OutgoingPackets
{
    /// <summary>A PUBLISH or a PUBREL. MQTT 3.1.1 has neither properties nor reason codes: nothing of them is set there.</summary>
    public static MqttPacket Create(in OutboundPacket packet, bool mqtt5) => packet.Record is { } record
        ? CreatePublish(record, packet.PacketId.Value, packet.Dup, packet.ExpirySeconds, mqtt5)
        : new MqttPubRelPacket
        {
            PacketIdentifier = packet.PacketId.Value,
            ReasonCode = mqtt5 ? (MqttPubRelReasonCode)packet.ReasonCode : MqttPubRelReasonCode.Success,
        };

    /// <summary>A PUBLISH of QoS 0: no packet id and never DUP (MQTT 5 §2.2.1-2, §3.3.1-2).</summary>
    public static MqttPacket CreateAtMostOnce(LedgerRecord record, uint? expirySeconds, bool mqtt5) => CreatePublish(record, 0, false, expirySeconds, mqtt5);

    private static MqttPublishPacket CreatePublish(LedgerRecord record, ushort packetId, bool dup, uint? expirySeconds, bool mqtt5)
    {
        var publish = new MqttPublishPacket
        {
            PacketIdentifier = packetId,
            Dup = dup,
            Topic = record.Topic,
            Payload = new ReadOnlySequence<byte>(record.Payload),
            QualityOfServiceLevel = record.QualityOfService,
            Retain = record.Retain,
        };
        if (!mqtt5) return publish;

        // The encoder takes 0 for "does not expire"; a message on its last second must not become immortal.
        if (expirySeconds is { } seconds) publish.MessageExpiryInterval = Math.Max(seconds, 1);
        if (record.Properties is { } properties)
        {
            publish.ContentType = properties.ContentType;
            publish.ResponseTopic = properties.ResponseTopic;
            publish.CorrelationData = properties.CorrelationData?.ToArray();
            publish.PayloadFormatIndicator = properties.PayloadFormatIndicator;
            if (properties.UserProperties.Count > 0) publish.UserProperties = [.. properties.UserProperties];
        }

        if (!record.MessageId.IsEmpty)
        {
            ReadOnlyMemory<byte> id = Encoding.UTF8.GetBytes(record.MessageId.Value);
            (publish.UserProperties ??= []).Add(new MqttUserProperty(MessageId.UserPropertyName, id));
        }

        return publish;
    }
}
