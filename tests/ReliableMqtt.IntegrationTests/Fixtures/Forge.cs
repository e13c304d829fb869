using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Makes the bytes of acks that no broker has sent.</summary>
internal static class Forge
{
    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP of MQTT 5, with a Reason String when there is one (§3.4.2.2.2).</summary>
    public static byte[] Ack(MqttControlPacketType type, int packetId, byte code = 0, string? reason = null)
    {
        byte[] properties = reason is null ? [] : [0x1F, 0, (byte)reason.Length, .. Encoding.ASCII.GetBytes(reason)];
        var header = (byte)(((int)type << 4) | (type == MqttControlPacketType.PubRel ? 2 : 0));
        return [header, (byte)(4 + properties.Length), (byte)(packetId >> 8), (byte)packetId, code, (byte)properties.Length, .. properties];
    }

    /// <summary>The answer to a PUBLISH with a reason code: PUBACK or PUBREC, as its QoS asks for.</summary>
    public static byte[] AnswerTo(WirePacket publish, byte code, string? reason = null) =>
        Ack(publish.Qos == 1 ? MqttControlPacketType.PubAck : MqttControlPacketType.PubRec, publish.PacketId, code, reason);
}
