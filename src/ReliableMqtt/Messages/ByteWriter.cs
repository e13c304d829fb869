using System.Buffers.Binary;
using System.Text;

namespace ReliableMqtt.Messages;

/// <summary>Writes the parts of a record one after the other.</summary>
internal ref struct ByteWriter(Span<byte> target)
{
    private Span<byte> _left = target;

    public static int SizeOf(uint count) => count < 1u << 7 ? 1 : count < 1u << 14 ? 2 : count < 1u << 21 ? 3 : count < 1u << 28 ? 4 : 5;

    public static int SizeOf(string text) => Encoding.UTF8.GetByteCount(text) is var length ? SizeOf((uint)length) + length : 0;

    public static int SizeOf(ReadOnlySpan<byte> bytes) => SizeOf((uint)bytes.Length) + bytes.Length;

    public void Byte(byte value)
    {
        _left[0] = value;
        _left = _left[1..];
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_left, value);
        _left = _left[sizeof(long)..];
    }

    /// <summary>Seven bits a byte, the lowest first; the highest bit says that more follow.</summary>
    public void Count(uint value)
    {
        for (; value >= 1u << 7; value >>= 7) Byte((byte)(value | 0x80));
        Byte((byte)value);
    }

    public void Text(string value)
    {
        Count((uint)Encoding.UTF8.GetByteCount(value));
        _left = _left[Encoding.UTF8.GetBytes(value, _left)..];
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Count((uint)value.Length);
        Rest(value);
    }

    /// <summary>Bytes without their length: the reader takes all that is left, or knows how many.</summary>
    public void Rest(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_left);
        _left = _left[value.Length..];
    }
}
