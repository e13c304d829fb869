using System.Buffers.Binary;
using System.Text;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>Reads the values of a packet one after the other (MQTT 5 §1.5). What is cut short throws <see cref="ArgumentOutOfRangeException"/> or its like.</summary>
internal ref struct WireCursor(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>The first string that may not be on the wire, by the name that it was read under.</summary>
    public string? BadText { get; private set; }

    public byte Byte() => Take(1)[0];

    public ushort Two() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint Four() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public int Variable()
    {
        for (var (value, shift) = (0, 0); shift < 28; shift += 7)
        {
            var next = Byte();
            value |= (next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new FormatException("A variable byte integer has more than four bytes.");
    }

    public ReadOnlySpan<byte> Binary() => Take(Two());

    public ReadOnlySpan<byte> Take(int count)
    {
        var taken = Rest[..count];
        Rest = Rest[count..];
        return taken;
    }

    public string Text(string what)
    {
        var utf8 = Binary();
        try
        {
            var text = Strict.GetString(utf8);
            if (text.Contains('\0', StringComparison.Ordinal)) BadText ??= what;
            return text;
        }
        catch (DecoderFallbackException)
        {
            BadText ??= what;
            return Encoding.UTF8.GetString(utf8);
        }
    }

    /// <summary>Takes over what another cursor over a part of this packet has found.</summary>
    public void Join(in WireCursor part) => BadText ??= part.BadText;
}
