using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using MQTTnet.Protocol;

namespace ReliableMqtt.Messages;

/// <summary>A record as bytes, for a store.</summary>
/// <remarks>
/// <code>
/// offset  bytes
///  0      1  version: 1
///  1      8  sequence with a check of its own, see <see cref="StampedSequence"/>. The store stamps it, so the checksum does not cover it. Big-endian like all numbers
///  9      4  length of the whole record
/// 13      4  CRC-32C of everything but the sequence and itself
/// 17      1  flags: QoS in bits 0 and 1, retain 4, expires 8, properties 16, acceptor 32
/// 18      2  length of the message id; 0 for the automatic id of the sequence
/// 20         message id, UTF-8
///         8  accepted at, Unix milliseconds
///        [8] expires at, Unix milliseconds
///       [16] acceptor, and its number among those of the acceptor
///         n  refusals, then the topic with its length before it; lengths and counts are of variable length, seven bits a byte
///        [n] properties, see <see cref="PropertiesCodec"/>
///            payload: the rest
/// </code>
/// The scripts of a store read the version, the sequence, the QoS and the message id; what comes after belongs to this class alone.
/// </remarks>
internal static class RecordCodec
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const byte Version = 1;

    private const int SequenceAt = 1, LengthAt = 9, ChecksumAt = 13, FlagsAt = 17, IdLengthAt = 18, IdAt = 20;
    private const byte Retain = 4, Expires = 8, HasProperties = 16, HasAcceptor = 32;

    /// <summary>The size of the record in bytes.</summary>
    public static int Measure(LedgerRecord record) => checked(
        IdAt + Encoding.UTF8.GetByteCount(StoredId(record)) + sizeof(long) + (record.ExpiresAt is null ? 0 : sizeof(long))
        + (record.Acceptor == 0 ? 0 : sizeof(ulong) + sizeof(long)) + ByteWriter.SizeOf((uint)record.Refusals) + ByteWriter.SizeOf(record.Topic)
        + (record.Properties is { } properties ? PropertiesCodec.Measure(properties) : 0) + record.Payload.Length);

    /// <summary>Writes the record into exactly as many bytes as <see cref="Measure"/> said.</summary>
    public static void Write(LedgerRecord record, Span<byte> target)
    {
        var id = StoredId(record);
        target[0] = Version;
        StampedSequence.Write(target[SequenceAt..], record.Sequence);
        BinaryPrimitives.WriteInt32BigEndian(target[LengthAt..], target.Length);
        target[FlagsAt] = (byte)((int)record.QualityOfService | (record.Retain ? Retain : 0)
            | (record.ExpiresAt is null ? 0 : Expires) | (record.Properties is null ? 0 : HasProperties)
            | (record.Acceptor == 0 ? 0 : HasAcceptor));
        var idLength = Encoding.UTF8.GetBytes(id, target[IdAt..]);
        BinaryPrimitives.WriteUInt16BigEndian(target[IdLengthAt..], checked((ushort)idLength));

        var writer = new ByteWriter(target[(IdAt + idLength)..]);
        writer.Int64(record.AcceptedAt.ToUnixTimeMilliseconds());
        if (record.ExpiresAt is { } expiresAt) writer.Int64(expiresAt.ToUnixTimeMilliseconds());
        if (record.Acceptor != 0)
        {
            writer.Int64((long)record.Acceptor);
            writer.Int64(record.AcceptorNumber);
        }

        writer.Count((uint)record.Refusals);
        writer.Text(record.Topic);
        if (record.Properties is { } properties) PropertiesCodec.Write(properties, ref writer);
        writer.Rest(record.Payload.Span);
        BinaryPrimitives.WriteUInt32BigEndian(target[ChecksumAt..], Checksum(target));
    }

    /// <summary>The record as bytes.</summary>
    public static byte[] Encode(LedgerRecord record)
    {
        var bytes = new byte[Measure(record)];
        Write(record, bytes);
        return bytes;
    }

    /// <summary>Reads a record. The payload is a part of the given bytes, not a copy.</summary>
    /// <param name="bytes">All bytes of the record.</param>
    /// <param name="ledgerNonce">For its automatic id.</param>
    /// <param name="record">The record.</param>
    /// <param name="problem">Why it cannot be read, otherwise; completes "The record …".</param>
    public static bool TryDecode(ReadOnlyMemory<byte> bytes, ulong ledgerNonce, [NotNullWhen(true)] out LedgerRecord? record, [NotNullWhen(false)] out string? problem)
    {
        record = null;
        problem = FindProblem(bytes.Span);
        if (problem is not null) return false;
        try
        {
            record = Decode(bytes, ledgerNonce);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            // The checksum is right: whoever wrote it wrote nonsense.
            problem = $"has a good checksum and cannot be read all the same: {e.Message}";
            return false;
        }
    }

    /// <summary>The sequence that a record seems to have which cannot be read as a whole; 0 when there is none to be seen.</summary>
    public static long GuessSequence(ReadOnlySpan<byte> bytes) => bytes.Length >= LengthAt && StampedSequence.TryRead(bytes[SequenceAt..], out var sequence) ? sequence : 0;

    /// <summary>The id of the application's that a record seems to have which cannot be read as a whole; empty when there is none to be seen. A guess, to be checked.</summary>
    public static string GuessApplicationId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < IdAt || BinaryPrimitives.ReadUInt16BigEndian(bytes[IdLengthAt..]) is var length && length > bytes.Length - IdAt) return "";
        return Encoding.UTF8.GetString(bytes.Slice(IdAt, length));
    }

    private static string? FindProblem(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < IdAt) return $"is {bytes.Length} bytes long, shorter than any record";
        if (bytes[0] != Version) return $"has version {bytes[0]}; this library reads version {Version}";
        if (BinaryPrimitives.ReadInt32BigEndian(bytes[LengthAt..]) is var length && length != bytes.Length) return $"says that it is {length} bytes long and has {bytes.Length}";
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[ChecksumAt..]) is var stored && stored != Checksum(bytes)) return $"has checksum {stored:x8} where {Checksum(bytes):x8} is right";
        return StampedSequence.TryRead(bytes[SequenceAt..], out _) ? null : "has a damaged sequence";
    }

    private static LedgerRecord Decode(ReadOnlyMemory<byte> bytes, ulong ledgerNonce)
    {
        StampedSequence.TryRead(bytes.Span[SequenceAt..], out var sequence);
        var flags = bytes.Span[FlagsAt];
        var idLength = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[IdLengthAt..]);
        var reader = new ByteReader(bytes, IdAt + idLength);
        return new LedgerRecord
        {
            Sequence = sequence,
            MessageId = idLength == 0 ? MessageId.ForSequence(ledgerNonce, sequence) : new MessageId(Encoding.UTF8.GetString(bytes.Span.Slice(IdAt, idLength))),
            QualityOfService = (MqttQualityOfServiceLevel)(flags & 3),
            Retain = (flags & Retain) != 0,
            AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.Int64()),
            ExpiresAt = (flags & Expires) != 0 ? DateTimeOffset.FromUnixTimeMilliseconds(reader.Int64()) : null,
            Acceptor = (flags & HasAcceptor) != 0 ? (ulong)reader.Int64() : 0,
            AcceptorNumber = (flags & HasAcceptor) != 0 ? reader.Int64() : 0,
            Refusals = (int)reader.Count(),
            Topic = reader.Text(),
            Properties = (flags & HasProperties) != 0 ? PropertiesCodec.Read(ref reader) : null,
            Payload = reader.Rest(),
        };
    }

    // The automatic id of the own sequence is not stored: it follows the sequence that the store stamps.
    private static string StoredId(LedgerRecord record) =>
        record.MessageId.TryGetSequence(out var sequence) && (sequence == record.Sequence || record.Sequence == 0) ? "" : record.MessageId.Value;

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32C.Append(Crc32C.Start, bytes[..SequenceAt]);
        crc = Crc32C.Append(crc, bytes[LengthAt..ChecksumAt]);
        return Crc32C.Finish(Crc32C.Append(crc, bytes[FlagsAt..]));
    }
}
