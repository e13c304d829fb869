using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Redis;

/// <summary>
/// A dead letter as bytes: a header, then the record untouched. The header is its own length (4 bytes, big-endian), the time of the failing (Unix
/// milliseconds, 8), the cause (1), whether there is a reason code (1) and which (1), whether there is a text (1) and which (UTF-8, the rest).
/// </summary>
internal static class DeadLetterCodec
{
    private const int Fixed = 16;

    private static readonly long EarliestTime = DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), LatestTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static byte[] EncodeHeader(DeadLetterReason reason, DateTimeOffset failedAt)
    {
        var header = new byte[Fixed + Encoding.UTF8.GetByteCount(reason.Text ?? "")];
        BinaryPrimitives.WriteInt32BigEndian(header, header.Length);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(4), failedAt.ToUnixTimeMilliseconds());
        (header[12], header[13], header[14]) = ((byte)reason.Cause, reason.ReasonCode is null ? (byte)0 : (byte)1, reason.ReasonCode ?? 0);
        header[15] = reason.Text is null ? (byte)0 : (byte)1;
        Encoding.UTF8.GetBytes(reason.Text ?? "", header.AsSpan(Fixed));
        return header;
    }

    public static bool TryDecode(ReadOnlyMemory<byte> bytes, ulong ledgerNonce, [NotNullWhen(true)] out DeadLetter? letter, [NotNullWhen(false)] out string? problem)
    {
        letter = null;
        var length = bytes.Length < Fixed ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes.Span);
        if (length < Fixed || length > bytes.Length)
        {
            problem = "has no good header of a dead letter";
            return false;
        }

        var header = bytes.Span[..length];
        var failedAt = BinaryPrimitives.ReadInt64BigEndian(header[4..]);
        if (failedAt < EarliestTime || failedAt > LatestTime)
        {
            // No checksum covers the header.
            problem = "has a dead letter's header with a time out of range";
            return false;
        }

        if (!RecordCodec.TryDecode(bytes[length..], ledgerNonce, out var record, out problem)) return false;
        var reason = new DeadLetterReason(
            (DeadLetterCause)header[12], header[13] == 0 ? null : header[14], header[15] == 0 ? null : Encoding.UTF8.GetString(header[Fixed..]));
        letter = new DeadLetter(record, reason, DateTimeOffset.FromUnixTimeMilliseconds(failedAt));
        return true;
    }
}
