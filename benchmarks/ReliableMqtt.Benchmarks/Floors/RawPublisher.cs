using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>One QoS 1 PUBLISH and its PUBACK over a socket, on the thread of the caller: the least that a confirmed message can take.</summary>
internal sealed class RawPublisher : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
    private readonly (byte[] Bytes, int PacketIdAt) _publish;
    private readonly byte[] _answer = new byte[64];
    private ushort _packetId;

    public RawPublisher(int port, int size)
    {
        _publish = PreparedPackets.Publish(Cell.Topic, size, 1);
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Send(PreparedPackets.Connect("bench-floor"));
        if (_socket.Receive(_answer) < 4 || _answer[0] != 0x20 || _answer[3] != 0) throw new InvalidOperationException("The broker refuses the connection.");
    }

    public void Publish()
    {
        _packetId = (ushort)(_packetId == ushort.MaxValue ? 1 : _packetId + 1);
        BinaryPrimitives.WriteUInt16BigEndian(_publish.Bytes.AsSpan(_publish.PacketIdAt), _packetId);
        _socket.Send(_publish.Bytes);
        var count = 0;
        MqttFrame frame;
        while (!MqttFrame.TryRead(_answer.AsSpan(0, count), out frame) || count < frame.HeaderLength + frame.BodyLength)
        {
            var read = _socket.Receive(_answer.AsSpan(count));
            if (read == 0) throw new InvalidOperationException("The broker ended the connection.");
            count += read;
        }

        if (frame.Type != PacketType.PubAck || BinaryPrimitives.ReadUInt16BigEndian(_answer.AsSpan(frame.HeaderLength)) != _packetId)
            throw new InvalidOperationException($"unexpected: {frame.Type}");
    }

    public void Dispose() => _socket.Dispose();
}
