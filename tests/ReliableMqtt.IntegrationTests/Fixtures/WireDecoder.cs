using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Reads of a control packet what tests and the audit ask about (MQTT 3.1.1 and 5, §3). One for each connection: the CONNECT tells the version.</summary>
internal sealed class WireDecoder
{
    private volatile byte _version = 4;

    /// <summary>A whole packet whose fixed header has so many bytes.</summary>
    public WirePacket Decode(int connection, Direction direction, ReadOnlySpan<byte> frame, int header)
    {
        var packet = new WirePacket(connection, direction, (MqttControlPacketType)(frame[0] >> 4)) { Flags = (byte)(frame[0] & 0x0F), Size = frame.Length };
        if (packet.Type == MqttControlPacketType.Publish)
            packet = packet with { Dup = (frame[0] & 8) != 0, Qos = (frame[0] >> 1) & 3, Retain = (frame[0] & 1) != 0 };
        var body = new WireCursor(frame[header..]);
        try
        {
            packet = packet.Type switch
            {
                MqttControlPacketType.Connect => Connect(packet, ref body),
                MqttControlPacketType.ConnAck => ConnAck(packet, ref body),
                MqttControlPacketType.Publish => Publish(packet, ref body),
                MqttControlPacketType.PubAck or MqttControlPacketType.PubRec or MqttControlPacketType.PubRel or MqttControlPacketType.PubComp =>
                    packet with { PacketId = body.Two(), ReasonCode = body.Rest.Length > 0 ? body.Byte() : (byte)0 },
                MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe => Filters(packet, ref body),
                MqttControlPacketType.SubAck or MqttControlPacketType.UnsubAck => packet with { PacketId = body.Two() },
                MqttControlPacketType.Disconnect or MqttControlPacketType.Auth => packet with { ReasonCode = body.Rest.Length > 0 ? body.Byte() : (byte)0 },
                _ => packet,
            };
            return packet with { BadText = body.BadText };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException or FormatException)
        {
            return packet with { Malformed = true };
        }
    }

    private WirePacket Connect(WirePacket packet, ref WireCursor body)
    {
        body.Text("protocol name");
        _version = body.Byte();
        var flags = body.Byte();
        body.Two();
        if (_version == 5) WireProperties.Read(ref body);
        packet = packet with { ProtocolVersion = _version, CleanStart = (flags & 2) != 0, ClientId = body.Text("client id") };
        if ((flags & 4) != 0)
        {
            if (_version == 5) WireProperties.Read(ref body);
            body.Text("will topic");
            body.Binary();
        }

        if ((flags & 0x80) != 0) body.Text("user name");
        return packet;
    }

    private WirePacket ConnAck(WirePacket packet, ref WireCursor body)
    {
        packet = packet with { SessionPresent = (body.Byte() & 1) != 0, ReasonCode = body.Byte() };
        if (_version != 5 || body.Rest.Length == 0) return packet;
        var properties = WireProperties.Read(ref body);
        return packet with { ReceiveMaximum = properties.ReceiveMaximum, MaximumPacketSize = properties.MaximumPacketSize };
    }

    private WirePacket Publish(WirePacket packet, ref WireCursor body)
    {
        packet = packet with { Topic = body.Text("topic") };
        if (packet.Qos > 0) packet = packet with { PacketId = body.Two() };
        if (_version == 5)
        {
            var properties = WireProperties.Read(ref body);
            packet = packet with
            {
                MessageId = properties.MessageId,
                ResponseTopic = properties.ResponseTopic,
                TopicAlias = properties.TopicAlias,
                HasSubscriptionIdentifier = properties.HasSubscriptionIdentifier,
            };
        }

        return packet with { Payload = Encoding.UTF8.GetString(body.Rest) };
    }

    private WirePacket Filters(WirePacket packet, ref WireCursor body)
    {
        packet = packet with { PacketId = body.Two() };
        if (_version == 5) WireProperties.Read(ref body);
        while (body.Rest.Length > 0)
        {
            body.Text("topic filter");
            if (packet.Type == MqttControlPacketType.Subscribe) body.Byte();
        }

        return packet;
    }
}
