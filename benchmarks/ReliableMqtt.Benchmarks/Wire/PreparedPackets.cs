using System.Buffers.Binary;
using System.Text;

namespace ReliableMqtt.Benchmarks.Wire;

/// <summary>Packets of MQTT 5 as bytes.</summary>
internal static class PreparedPackets
{
    /// <summary>A CONNECT with Clean Start, and nothing but a client id.</summary>
    public static byte[] Connect(string clientId) =>
        Packet(0x10, [.. Text("MQTT"), 5, 2, 0, 0, 0, .. Text(clientId)]);

    /// <summary>A PUBLISH, and where its packet id is; QoS 0 has none.</summary>
    public static (byte[] Bytes, int PacketIdAt) Publish(string topic, int payload, int qos)
    {
        byte[] head = [.. Text(topic), .. qos == 0 ? Array.Empty<byte>() : [0, 0], 0];
        var bytes = Packet((byte)(0x30 | (qos << 1)), [.. head, .. new byte[payload]]);
        return (bytes, bytes.Length - payload - 3);
    }

    private static byte[] Packet(byte first, byte[] body)
    {
        var length = new List<byte>();
        for (var left = body.Length; length.Count == 0 || left > 0; left >>= 7) length.Add((byte)((left & 0x7F) | (left > 0x7F ? 0x80 : 0)));
        return [first, .. length, .. body];
    }

    private static byte[] Text(string text)
    {
        var bytes = new byte[2 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)Encoding.UTF8.GetBytes(text, bytes.AsSpan(2)));
        return bytes;
    }
}
