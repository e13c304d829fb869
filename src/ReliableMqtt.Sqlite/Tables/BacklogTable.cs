using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>What waits, by sequence. Each change keeps the counts of the publisher id's row.</summary>
internal sealed class BacklogTable(SqliteDatabase database, RecordBuffer buffer)
{
    private readonly SqliteStatement _insert = database.Prepare("INSERT INTO backlog(id, message_id, record) VALUES(?1, ?2, ?3)");
    private readonly SqliteStatement _heads = database.Prepare("SELECT id, message_id, length(record) FROM backlog WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3");
    private readonly SqliteStatement _page = database.Prepare("SELECT id, message_id, record FROM backlog WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3");
    private readonly SqliteStatement _get = database.Prepare("SELECT message_id, record FROM backlog WHERE id=?1");
    private readonly SqliteStatement _id = database.Prepare("SELECT message_id FROM backlog WHERE id=?1");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM backlog WHERE id=?1");

    /// <summary>Puts it behind all that wait.</summary>
    public void Append(PublisherRow row, LedgerRecord record)
    {
        var bytes = buffer.Encode(record);
        _insert.With(1, row.FirstKey + record.Sequence).With(2, RecordBuffer.StoredId(record)).With(3, bytes).Run();
        row.Backlog++;
        row.BacklogBytes += bytes.Length;
    }

    /// <summary>The oldest ones, without their records.</summary>
    public List<StoredHead> Heads(PublisherRow row, int count)
    {
        var heads = new List<StoredHead>(Math.Min(count, 1_024));
        _heads.With(1, row.FirstKey).With(2, row.LastKey).With(3, count);
        while (_heads.Read()) heads.Add(new StoredHead(_heads.Number(0) - row.FirstKey, _heads.Text(1), _heads.Number(2)));
        return heads;
    }

    /// <summary>The sequence of the oldest one; null when nothing waits.</summary>
    public long? First(PublisherRow row)
    {
        if (!_heads.With(1, row.FirstKey).With(2, row.LastKey).With(3, 1).One()) return null;
        var first = _heads.Number(0) - row.FirstKey;
        _heads.Reset();
        return first;
    }

    /// <summary>Those behind a sequence, at least one of them however large.</summary>
    /// <param name="row">Whose.</param>
    /// <param name="after">The sequence.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="bytes">How many bytes of them.</param>
    public List<StoredRecord> Page(PublisherRow row, long after, int count, long bytes)
    {
        var page = new List<StoredRecord>();
        var sequences = row.LastKey - row.FirstKey;
        _page.With(1, row.FirstKey + Math.Clamp(after, 0, sequences)).With(2, row.LastKey).With(3, count);
        while (_page.Read())
        {
            var record = _page.Bytes(2);
            if (page.Count > 0 && (bytes -= record.Length) < 0)
            {
                _page.Reset();
                break;
            }

            page.Add(new StoredRecord(_page.Number(0) - row.FirstKey, _page.Text(1), record));
        }

        return page;
    }

    /// <summary>The one with this sequence.</summary>
    public StoredRecord? Get(PublisherRow row, long sequence)
    {
        if (!_get.With(1, row.FirstKey + sequence).One()) return null;
        var found = new StoredRecord(sequence, _get.Text(0), _get.Bytes(1));
        _get.Reset();
        return found;
    }

    /// <summary>The message id of the one with this sequence, as it stands beside the record.</summary>
    /// <returns>False when it is not there.</returns>
    public bool TryGetId(PublisherRow row, long sequence, out string? messageId)
    {
        messageId = null;
        if (!_id.With(1, row.FirstKey + sequence).One()) return false;
        messageId = _id.Text(0);
        _id.Reset();
        return true;
    }

    /// <summary>Takes it out.</summary>
    /// <returns>False when it is not there.</returns>
    public bool Remove(PublisherRow row, long sequence, long bytes)
    {
        if (_delete.With(1, row.FirstKey + sequence).Run() == 0) return false;
        row.Backlog--;
        row.BacklogBytes -= bytes;
        return true;
    }
}

/// <summary>What is known of a message without its record.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="MessageId">Its message id; null for the automatic one of its sequence.</param>
/// <param name="Bytes">How long the record is.</param>
internal readonly record struct StoredHead(long Sequence, string? MessageId, long Bytes);

/// <summary>A message as it stands in the file.</summary>
/// <param name="Sequence">Its sequence.</param>
/// <param name="MessageId">Its message id; null for the automatic one of its sequence.</param>
/// <param name="Record">The record.</param>
internal sealed record StoredRecord(long Sequence, string? MessageId, byte[] Record);
