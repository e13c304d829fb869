using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// Reads a CONNACK as MQTTnet decodes it. On MQTT 5 the decoder fills in Maximum QoS 2 and Retain Available when they are absent, and 0 for an absent
/// Receive Maximum or Maximum Packet Size, where 0 is not allowed. On 3.1.1 every one of them is the type's default and means nothing.
/// </summary>
internal static class ConnAckReader
{
    /// <summary>The code: a reason code of MQTT 5, or a return code of 3.1.1. 0 is success in both.</summary>
    public static byte CodeOf(MqttConnAckPacket packet, MqttProtocolVersion protocol) =>
        protocol == MqttProtocolVersion.V500 ? (byte)packet.ReasonCode : (byte)packet.ReturnCode;

    /// <summary>The limits of the connection.</summary>
    public static ConnectionInfo Read(MqttConnAckPacket packet, MqttProtocolVersion protocol, int connectionId)
    {
        var info = new ConnectionInfo(connectionId, packet.IsSessionPresent) { Protocol = protocol };
        if (protocol != MqttProtocolVersion.V500) return info;
        return info with
        {
            ReceiveMaximum = packet.ReceiveMaximum == 0 ? info.ReceiveMaximum : packet.ReceiveMaximum,
            MaximumPacketSize = packet.MaximumPacketSize == 0 ? info.MaximumPacketSize : Math.Min(packet.MaximumPacketSize, info.MaximumPacketSize),
            MaximumQoS = packet.MaximumQoS > MqttQualityOfServiceLevel.ExactlyOnce ? info.MaximumQoS : packet.MaximumQoS,
            RetainAvailable = packet.RetainAvailable,
        };
    }
}
