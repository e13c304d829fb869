using System.Buffers.Binary;
using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Cuts one direction of a connection into control packets, and reads what tests ask about (MQTT 3.1.1 and 5, §2.1).</summary>
internal sealed class WireReader
{
    private readonly int _connection;
    private readonly ProtocolOfConnection _protocol;
    private byte[] _rest = [];
    private bool _lost;

    private WireReader(int connection, ProtocolOfConnection protocol) => (_connection, _protocol) = (connection, protocol);

    /// <summary>The readers of both directions: they share the version, which only the CONNECT tells.</summary>
    public static WireReader[] Pair(int connection)
    {
        var protocol = new ProtocolOfConnection();
        return [new(connection, protocol), new(connection, protocol)];
    }

    /// <summary>The packets that are complete with these bytes. Bytes that are not MQTT come back without a packet.</summary>
    public IReadOnlyList<(WirePacket? Packet, ReadOnlyMemory<byte> Frame)> Read(Direction direction, ReadOnlyMemory<byte> bytes)
    {
        if (_lost) return [(null, bytes)];
        ReadOnlyMemory<byte> rest = (byte[])[.. _rest, .. bytes.Span];
        var packets = new List<(WirePacket?, ReadOnlyMemory<byte>)>();
        while (FrameLength(rest.Span) is var (header, length) && header > 0 && rest.Length >= header + length)
        {
            var frame = rest[..(header + length)];
            packets.Add((Parse(direction, frame.Span[0], frame.Span[header..]), frame));
            rest = rest[frame.Length..];
        }

        if (_lost) packets.Add((null, rest));
        _rest = _lost ? [] : rest.ToArray();
        return packets;
    }

    // The fixed header: a byte of type and flags, then the remaining length in one to four bytes. 0 when it is not all there.
    private (int Header, int Length) FrameLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        for (var i = 1; i < bytes.Length; i++)
        {
            length |= (bytes[i] & 0x7F) << (7 * (i - 1));
            if (bytes[i] < 0x80) return (i + 1, length);
            if (i == 4)
            {
                _lost = true;
                break;
            }
        }

        return (0, 0);
    }

    private WirePacket? Parse(Direction direction, byte first, ReadOnlySpan<byte> body)
    {
        var packet = new WirePacket(_connection, direction, (MqttControlPacketType)(first >> 4));
        try
        {
            return packet.Type switch
            {
                MqttControlPacketType.Connect => Connect(packet, body),
                MqttControlPacketType.ConnAck => packet with { SessionPresent = (body[0] & 1) != 0, ReasonCode = body[1] },
                MqttControlPacketType.Publish => Publish(packet, first, body),
                MqttControlPacketType.PubAck or MqttControlPacketType.PubRec or MqttControlPacketType.PubRel or MqttControlPacketType.PubComp =>
                    packet with { PacketId = Number(body), ReasonCode = body.Length > 2 ? body[2] : (byte)0 },
                MqttControlPacketType.Subscribe or MqttControlPacketType.SubAck or MqttControlPacketType.Unsubscribe
                    or MqttControlPacketType.UnsubAck => packet with { PacketId = Number(body) },
                MqttControlPacketType.Disconnect or MqttControlPacketType.Auth => packet with { ReasonCode = body.Length > 0 ? body[0] : (byte)0 },
                _ => packet,
            };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return null; // Malformed: it passes, and is not reported.
        }
    }

    private WirePacket Connect(WirePacket packet, ReadOnlySpan<byte> body)
    {
        Text(ref body);
        _protocol.Version = body[0];
        var clean = (body[1] & 2) != 0;
        body = body[4..];
        if (_protocol.Version == 5) SkipProperties(ref body);
        return packet with { CleanStart = clean, ClientId = Text(ref body) };
    }

    private WirePacket Publish(WirePacket packet, byte first, ReadOnlySpan<byte> body)
    {
        packet = packet with { Dup = (first & 8) != 0, Qos = (first >> 1) & 3, Retain = (first & 1) != 0, Topic = Text(ref body) };
        if (packet.Qos > 0)
        {
            packet = packet with { PacketId = Number(body) };
            body = body[2..];
        }

        if (_protocol.Version == 5) SkipProperties(ref body);
        return packet with { Payload = Encoding.UTF8.GetString(body) };
    }

    private static ushort Number(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt16BigEndian(body);

    private static string Text(ref ReadOnlySpan<byte> body)
    {
        var length = Number(body);
        var text = Encoding.UTF8.GetString(body.Slice(2, length));
        body = body[(2 + length)..];
        return text;
    }

    private static void SkipProperties(ref ReadOnlySpan<byte> body)
    {
        var (length, at) = (0, 0);
        do length |= (body[at] & 0x7F) << (7 * at);
        while (body[at++] >= 0x80);
        body = body[(at + length)..];
    }

    private sealed class ProtocolOfConnection
    {
        public volatile byte Version = 4;
    }
}
