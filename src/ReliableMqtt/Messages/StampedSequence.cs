using System.Buffers.Binary;

namespace ReliableMqtt.Messages;

/// <summary>
/// A sequence as it stands in a record: 53 bits, and below them a check of 11 bits, so that the bytes sort as the sequences do. The record's checksum cannot cover what the
/// store stamps later; without a check of its own a flipped bit would give the message another place, another automatic id and another receipt.
/// </summary>
/// <remarks>
/// The check is the sequence times 1,712, modulo the prime 2,039: with this factor one or two flipped bits anywhere in the eight bytes are always found, and of
/// other damage all but one in 2,039. The scripts of Redis compute the same, see <c>_prelude.lua</c>.
/// </remarks>
internal static class StampedSequence
{
    /// <summary>How many bytes it takes.</summary>
    public const int Size = sizeof(ulong);

    private const long TooLarge = 1L << 53; // What a number of Lua holds for sure.
    private const int CheckBits = 11;
    private const ulong Modulus = 2039, Factor = 1712;

    /// <summary>Writes it; 0 for a record that is not stamped yet.</summary>
    public static void Write(Span<byte> target, long sequence) =>
        BinaryPrimitives.WriteUInt64BigEndian(target, ((ulong)sequence << CheckBits) | Check((ulong)sequence));

    /// <summary>Reads it.</summary>
    /// <returns>False when it is damaged, or no sequence that was ever stamped.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out long sequence)
    {
        var stamped = BinaryPrimitives.ReadUInt64BigEndian(source);
        sequence = (long)(stamped >> CheckBits);
        return sequence is > 0 and < TooLarge && (stamped & ((1 << CheckBits) - 1)) == Check((ulong)sequence);
    }

    private static ulong Check(ulong sequence) => sequence % Modulus * Factor % Modulus;
}
