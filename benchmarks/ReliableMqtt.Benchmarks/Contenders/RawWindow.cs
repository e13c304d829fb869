using System.Buffers.Binary;
using System.Net.Sockets;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Wire;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>QoS 1 and 2 as bytes: the window is kept full, and what one read has brought is answered with one write.</summary>
internal sealed class RawWindow(Socket socket, Cell cell, int messages, Latencies latencies, Pace? pace)
{
    private readonly (byte[] Bytes, int PacketIdAt) _publish = PreparedPackets.Publish(Cell.Topic, cell.Size, (int)cell.Qos);
    private readonly PacketWriter _writer = new(socket);
    private readonly byte[] _read = new byte[64 * 1024];
    private readonly long[] _sentAt = new long[cell.Window + 1];
    private int _end;
    private int _sent;
    private int _answered;
    private int _confirmed;

    public void Run()
    {
        for (var id = 1; id <= cell.Window && _sent < messages; id++) Publish((ushort)id, Latencies.Now);
        _writer.Flush();
        while (_confirmed < messages)
        {
            var count = socket.Receive(_read.AsSpan(_end));
            if (count == 0) throw new InvalidOperationException("The broker ended the connection.");
            _end += count;
            var before = _answered;
            Take(Latencies.Now);
            _writer.Flush();
            if (_sent < messages) pace?.Wait(_answered - before);
        }
    }

    private void Take(long now)
    {
        var start = 0;
        while (MqttFrame.TryRead(_read.AsSpan(start, _end - start), out var frame) && _end - start >= frame.HeaderLength + frame.BodyLength)
        {
            Answer(frame, _read.AsSpan(start + frame.HeaderLength, frame.BodyLength), now);
            start += frame.HeaderLength + frame.BodyLength;
        }

        Buffer.BlockCopy(_read, start, _read, 0, _end - start);
        _end -= start;
    }

    private void Answer(in MqttFrame frame, ReadOnlySpan<byte> body, long now)
    {
        _answered++;
        var id = BinaryPrimitives.ReadUInt16BigEndian(body);
        if (body.Length > 2 && body[2] >= 0x80) throw new InvalidOperationException($"refused: {frame.Type} 0x{body[2]:X2}");
        if (frame.Type == PacketType.PubRec)
        {
            _writer.Add(PacketType.PubRel, id);
            return;
        }

        if (frame.Type is not (PacketType.PubAck or PacketType.PubComp)) throw new InvalidOperationException($"unexpected: {frame.Type}");
        latencies.Record(_confirmed++, _sentAt[id], now);
        if (_sent < messages) Publish(id, now);
    }

    private void Publish(ushort id, long now)
    {
        _sent++;
        _sentAt[id] = now;
        BinaryPrimitives.WriteUInt16BigEndian(_publish.Bytes.AsSpan(_publish.PacketIdAt), id);
        _writer.Add(_publish.Bytes);
    }
}
