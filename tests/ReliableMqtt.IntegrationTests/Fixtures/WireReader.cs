namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Cuts one direction of a connection into control packets (MQTT 3.1.1 and 5, §2.1).</summary>
internal sealed class WireReader
{
    private readonly int _connection;
    private readonly WireDecoder _decoder;
    private byte[] _rest = [];
    private bool _lost;

    private WireReader(int connection, WireDecoder decoder) => (_connection, _decoder) = (connection, decoder);

    /// <summary>The readers of both directions: they share the version, which only the CONNECT tells.</summary>
    public static WireReader[] Pair(int connection)
    {
        var decoder = new WireDecoder();
        return [new(connection, decoder), new(connection, decoder)];
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
            packets.Add((Decode(direction, frame.Span, header), frame));
            rest = rest[frame.Length..];
        }

        if (_lost) packets.Add((null, rest));
        _rest = _lost ? [] : rest.ToArray();
        return packets;
    }

    /// <summary>What a whole packet says that did not come through this reader.</summary>
    public WirePacket Decode(Direction direction, ReadOnlySpan<byte> frame) => Decode(direction, frame, FrameLength(frame).Header);

    private WirePacket Decode(Direction direction, ReadOnlySpan<byte> frame, int header) => _decoder.Decode(_connection, direction, frame, header);

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
}
