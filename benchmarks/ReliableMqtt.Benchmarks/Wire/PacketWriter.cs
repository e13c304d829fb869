using System.Net.Sockets;

namespace ReliableMqtt.Benchmarks.Wire;

/// <summary>Gathers packets for one write.</summary>
internal sealed class PacketWriter(Socket socket, int size = 64 * 1024)
{
    private readonly byte[] _bytes = new byte[size];
    private int _count;

    /// <summary>A packet of nothing but a packet id: success, in MQTT 5 as in 3.1.1.</summary>
    public void Add(PacketType type, ushort packetId)
    {
        if (_count + 4 > _bytes.Length) Flush();
        var place = _bytes.AsSpan(_count, 4);
        place[0] = (byte)(((int)type << 4) | (type == PacketType.PubRel ? 2 : 0));
        place[1] = 2;
        place[2] = (byte)(packetId >> 8);
        place[3] = (byte)packetId;
        _count += 4;
    }

    /// <summary>Copies bytes; more than fits is written at once, behind what was there before.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_count + bytes.Length > _bytes.Length) Flush();
        if (bytes.Length >= _bytes.Length / 4)
        {
            Flush();
            SendAll(bytes);
            return;
        }

        bytes.CopyTo(_bytes.AsSpan(_count));
        _count += bytes.Length;
    }

    public void Flush()
    {
        if (_count > 0) SendAll(_bytes.AsSpan(0, _count));
        _count = 0;
    }

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[socket.Send(bytes)..];
    }
}
