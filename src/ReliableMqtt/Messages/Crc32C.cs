using System.Buffers.Binary;
using System.Numerics;

namespace ReliableMqtt.Messages;

/// <summary>CRC-32C (Castagnoli, RFC 3720 §B.4): what processors compute in one instruction.</summary>
internal static class Crc32C
{
    /// <summary>What to begin with.</summary>
    public const uint Start = 0xFFFFFFFF;

    /// <summary>Goes on with these bytes.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var value in bytes) crc = BitOperations.Crc32C(crc, value);
        return crc;
    }

    /// <summary>The checksum of all that was appended.</summary>
    public static uint Finish(uint crc) => ~crc;
}
