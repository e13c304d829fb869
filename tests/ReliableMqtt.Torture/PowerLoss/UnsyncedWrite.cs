using System.Buffers.Binary;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>A change of a file that no fsync has followed yet, and what was there before.</summary>
/// <param name="Offset">Where it was written; of a truncation the new length.</param>
/// <param name="Length">How many bytes were written; <see cref="Truncation"/> for a truncation.</param>
/// <param name="OldLength">How long the file was.</param>
/// <param name="OldBytes">What stood there, as far as the file went.</param>
internal sealed record UnsyncedWrite(long Offset, int Length, long OldLength, byte[] OldBytes)
{
    public const int Truncation = -1;

    private const int HeadSize = 28, ChecksumAt = 24;

    public bool IsTruncation => Length == Truncation;

    public byte[] Encode()
    {
        var entry = new byte[HeadSize + OldBytes.Length];
        BinaryPrimitives.WriteInt64LittleEndian(entry, Offset);
        BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(8), OldLength);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(16), Length);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(20), OldBytes.Length);
        OldBytes.CopyTo(entry, HeadSize);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(ChecksumAt), Checksum(entry));
        return entry;
    }

    /// <summary>All whole entries in their order. One that a kill has cut off was not followed by its write.</summary>
    public static IReadOnlyList<UnsyncedWrite> Decode(ReadOnlySpan<byte> entries)
    {
        List<UnsyncedWrite> writes = [];
        while (entries.Length >= HeadSize)
        {
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(entries[20..]);
            if (bytes < 0 || bytes > entries.Length - HeadSize) break;
            var entry = entries[..(HeadSize + bytes)];
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[ChecksumAt..]) != Checksum(entry)) break;
            writes.Add(new UnsyncedWrite(
                BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt32LittleEndian(entry[16..]), BinaryPrimitives.ReadInt64LittleEndian(entry[8..]), entry[HeadSize..].ToArray()));
            entries = entries[entry.Length..];
        }

        return writes;
    }

    private static uint Checksum(ReadOnlySpan<byte> entry) => Crc32C.Finish(Crc32C.Append(Crc32C.Append(Crc32C.Start, entry[..ChecksumAt]), entry[HeadSize..]));
}
