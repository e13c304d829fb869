using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>Makes bytes of records and records of bytes. One for each connection, since its memory is used again.</summary>
internal sealed class RecordBuffer
{
    private const int KeptBytes = 64 * 1024;

    private byte[] _buffer = new byte[4096];

    /// <summary>The record as bytes, which are good until the next call.</summary>
    public ReadOnlySpan<byte> Encode(LedgerRecord record)
    {
        var length = RecordCodec.Measure(record);
        if (length > _buffer.Length || (_buffer.Length > KeptBytes && length <= KeptBytes)) _buffer = new byte[Math.Max(length, KeptBytes)];
        RecordCodec.Write(record, _buffer.AsSpan(0, length));
        return _buffer.AsSpan(0, length);
    }

    /// <summary>Reads a record, and looks whether it stands where it belongs: no checksum covers the sequence.</summary>
    public static bool TryDecode(StoredRecord stored, ulong nonce, [NotNullWhen(true)] out LedgerRecord? record, [NotNullWhen(false)] out string? problem)
    {
        if (!RecordCodec.TryDecode(stored.Record, nonce, out record, out problem)) return false;
        if (record.Sequence != stored.Sequence) problem = string.Create(CultureInfo.InvariantCulture, $"has sequence {record.Sequence} and stands in the place of {stored.Sequence}");
        else if (StoredId(record) != stored.MessageId) problem = "has another message id than the one beside it";
        return problem is null;
    }

    /// <summary>The message id as it stands beside a record; null for the automatic one of its sequence.</summary>
    public static string? StoredId(LedgerRecord record) => StoredId(record.MessageId, record.Sequence);

    /// <inheritdoc cref="StoredId(LedgerRecord)"/>
    public static string? StoredId(MessageId messageId, long sequence) =>
        messageId.IsEmpty || (messageId.TryGetSequence(out var automatic) && automatic == sequence) ? null : messageId.Value;
}
