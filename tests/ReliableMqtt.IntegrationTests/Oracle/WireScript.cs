using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>A wire that is written by hand, packet by packet, to hold the audit against.</summary>
internal sealed class WireScript
{
    private readonly List<WirePacket> _packets = [];
    private int _connection;

    public IReadOnlyList<WirePacket> Packets => _packets;

    /// <summary>The next connection, with its CONNACK.</summary>
    public WireScript Connect(bool resumed = false, int? receiveMaximum = null, int? maximumPacketSize = null, string clientId = "publisher")
    {
        _connection++;
        Add(Direction.ToBroker, MqttControlPacketType.Connect, 0, packet => packet with { ClientId = clientId });
        return Add(Direction.ToClient, MqttControlPacketType.ConnAck, 0, packet => packet with
        {
            SessionPresent = resumed,
            ReceiveMaximum = receiveMaximum,
            MaximumPacketSize = maximumPacketSize,
        });
    }

    /// <summary>A connection that the broker keeps the session for.</summary>
    public WireScript Resume(int? receiveMaximum = null) => Connect(resumed: true, receiveMaximum);

    /// <summary>A PUBLISH of QoS 2 unless said otherwise, whose payload is also its message id.</summary>
    public WireScript Publish(int id, string payload, bool dup = false, int qos = 2, Func<WirePacket, WirePacket>? change = null) =>
        Add(Direction.ToBroker, MqttControlPacketType.Publish, id, packet =>
        {
            packet = packet with { Payload = payload, MessageId = payload, Topic = "t", Dup = dup, Qos = qos };
            return change?.Invoke(packet) ?? packet;
        });

    public WireScript PubAck(int id, byte code = 0) => Add(Direction.ToClient, MqttControlPacketType.PubAck, id, packet => packet with { ReasonCode = code });

    public WireScript PubRec(int id, byte code = 0) => Add(Direction.ToClient, MqttControlPacketType.PubRec, id, packet => packet with { ReasonCode = code });

    public WireScript PubRel(int id, byte flags = 2) => Add(Direction.ToBroker, MqttControlPacketType.PubRel, id, packet => packet with { Flags = flags });

    public WireScript PubComp(int id) => Add(Direction.ToClient, MqttControlPacketType.PubComp, id);

    /// <summary>A whole handshake of QoS 2.</summary>
    public WireScript Whole(int id, string payload) => Publish(id, payload).PubRec(id).PubRel(id).PubComp(id);

    public WireScript Subscribe(int id) => Add(Direction.ToBroker, MqttControlPacketType.Subscribe, id);

    public WireScript SubAck(int id) => Add(Direction.ToClient, MqttControlPacketType.SubAck, id);

    public WireScript Disconnect() => Add(Direction.ToBroker, MqttControlPacketType.Disconnect, 0);

    public WireScript Ping() => Add(Direction.ToBroker, MqttControlPacketType.PingReq, 0);

    /// <summary>Another CONNECT on the same connection, or one that should have been the first packet.</summary>
    public WireScript ConnectHere() => Add(Direction.ToBroker, MqttControlPacketType.Connect, 0, packet => packet with { ClientId = "publisher" });

    /// <summary>Bytes that the client sends, as a reader of MQTT 5 sees them.</summary>
    public WireScript Bytes(params byte[] frame)
    {
        var readers = WireReader.Pair(_connection);
        // A CONNECT with an empty client id, which tells the reader the version.
        readers[0].Read(Direction.ToBroker, (byte[])[0x10, 13, 0, 4, .. "MQTT"u8, 5, 0, 0, 0, 0, 0, 0]);
        _packets.AddRange(readers[0].Read(Direction.ToBroker, frame).Select(read => read.Packet!));
        return this;
    }

    /// <summary>The last packet did not go on.</summary>
    public WireScript Stopped()
    {
        _packets[^1] = _packets[^1] with { Passed = false };
        return this;
    }

    /// <summary>The last packet came by the connection before, which nobody listens to any more.</summary>
    public WireScript Late()
    {
        _packets[^1] = _packets[^1] with { Connection = _connection - 1 };
        return this;
    }

    private WireScript Add(Direction direction, MqttControlPacketType type, int id, Func<WirePacket, WirePacket>? change = null)
    {
        var packet = new WirePacket(Math.Max(1, _connection), direction, type) { PacketId = (ushort)id };
        _packets.Add(change?.Invoke(packet) ?? packet);
        return this;
    }
}
