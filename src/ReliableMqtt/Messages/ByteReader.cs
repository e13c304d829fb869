using System.Buffers.Binary;
using System.Text;

namespace ReliableMqtt.Messages;

/// <summary>Reads what <see cref="ByteWriter"/> wrote. Reading past the end throws <see cref="ArgumentException"/>.</summary>
internal ref struct ByteReader(ReadOnlyMemory<byte> source, int position)
{
    private int _position = position;

    public byte Byte() => Take(1).Span[0];

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)).Span);

    public uint Count()
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = Byte();
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new ArgumentException("A count has more than five bytes.");
    }

    public string Text() => Encoding.UTF8.GetString(Bytes().Span);

    public ReadOnlyMemory<byte> Bytes() => Take(checked((int)Count()));

    public readonly ReadOnlyMemory<byte> Rest() => source[_position..];

    private ReadOnlyMemory<byte> Take(int length)
    {
        var taken = source.Slice(_position, length);
        _position += length;
        return taken;
    }
}
