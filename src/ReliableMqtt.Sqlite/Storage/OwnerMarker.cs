using System.Buffers.Binary;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>What the owner of a publisher id notes beside the database.</summary>
/// <param name="Nonce">Names the life of the ledger.</param>
/// <param name="Writes">How many durable transactions of the publisher id the database has at least.</param>
/// <param name="IsFull">They were written with <see cref="SqliteSynchronous.Full"/>: none of them can be lost with the power.</param>
/// <param name="IsClean">The owner has ended in order, and all that it wrote was brought to the disk.</param>
/// <param name="Boot">Names the start of the machine; 0 when there is no name for it.</param>
internal readonly record struct OwnerMarker(ulong Nonce, long Writes, bool IsFull, bool IsClean, ulong Boot)
{
    public const int Size = 36;

    private const uint Magic = 0x524D514F;
    private const int ChecksumAt = Size - sizeof(uint);

    /// <summary>Names the present start of this machine: what was written in the same one is in the memory of the operating system at least.</summary>
    public static ulong CurrentBoot { get; } = ReadBoot("/proc/sys/kernel/random/boot_id");

    /// <summary>What was written may have been lost with the power, since the disk was not waited for and the machine was started anew.</summary>
    public bool MayHaveLost(ulong currentBoot) => !IsFull && !IsClean && (Boot != currentBoot || currentBoot == 0);

    public void Write(Span<byte> target)
    {
        target.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(target, Magic);
        (target[4], target[5]) = (IsFull ? (byte)1 : (byte)0, IsClean ? (byte)1 : (byte)0);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Nonce);
        BinaryPrimitives.WriteInt64BigEndian(target[16..], Writes);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], Boot);
        BinaryPrimitives.WriteUInt32BigEndian(target[ChecksumAt..], Checksum(target));
    }

    /// <summary>Null for what was not written whole.</summary>
    public static OwnerMarker? Read(ReadOnlySpan<byte> source) =>
        BinaryPrimitives.ReadUInt32BigEndian(source) == Magic && BinaryPrimitives.ReadUInt32BigEndian(source[ChecksumAt..]) == Checksum(source)
            ? new OwnerMarker(
                BinaryPrimitives.ReadUInt64BigEndian(source[8..]), BinaryPrimitives.ReadInt64BigEndian(source[16..]), source[4] == 1, source[5] == 1,
                BinaryPrimitives.ReadUInt64BigEndian(source[24..]))
            : null;

    internal static ulong ReadBoot(string path)
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(path).AsSpan().Trim(), out var boot) ? BinaryPrimitives.ReadUInt64LittleEndian(boot.ToByteArray()) : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes) => Crc32C.Finish(Crc32C.Append(Crc32C.Start, bytes[..ChecksumAt]));
}
