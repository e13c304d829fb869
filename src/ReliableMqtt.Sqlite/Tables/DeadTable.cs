using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>Dead letters, by their number, which rises with each failing.</summary>
internal sealed class DeadTable(SqliteDatabase database)
{
    private readonly SqliteStatement _insert = database.Prepare("""
        INSERT INTO dead(id, message_id, sequence, since, failed_at, cause, code, reason, record) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """);
    private readonly SqliteStatement _page = database.Prepare("""
        SELECT id, message_id, sequence, failed_at, cause, code, reason, record FROM dead WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3
        """);
    private readonly SqliteStatement _oldest = database.Prepare("SELECT id, message_id, sequence, failed_at, code, since FROM dead WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3");
    private readonly SqliteStatement _youngest = database.Prepare("SELECT max(id) FROM dead WHERE id>?1 AND id<=?2");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM dead WHERE id=?1");

    /// <returns>Its number.</returns>
    public long Add(PublisherRow row, StoredRecord record, MessageId messageId, DeadLetterReason reason, DateTimeOffset failedAt, DateTimeOffset now)
    {
        row.Dead++;
        var number = ++row.DeadNumber;
        _insert.With(1, row.FirstKey + number).With(2, messageId.Value).With(3, record.Sequence).With(4, now.ToUnixTimeMilliseconds()).With(5, failedAt.ToUnixTimeMilliseconds())
            .With(6, (long)reason.Cause).With(7, reason.ReasonCode).With(8, reason.Text).With(9, record.Record).Run();
        return number;
    }

    /// <summary>Those behind a number, at least one of them however large.</summary>
    public List<StoredLetter> Page(PublisherRow row, long after, int count, long bytes)
    {
        var page = new List<StoredLetter>();
        _page.With(1, row.FirstKey + Math.Min(after, row.LastKey - row.FirstKey)).With(2, row.LastKey).With(3, count);
        while (_page.Read())
        {
            var record = _page.Bytes(7);
            if (page.Count > 0 && (bytes -= record.Length) < 0)
            {
                _page.Reset();
                break;
            }

            page.Add(new StoredLetter(
                _page.Number(0) - row.FirstKey, new MessageId(_page.Text(1)!), new DeadLetterReason((DeadLetterCause)_page.Number(4), (byte?)_page.NumberOrNull(5), _page.Text(6)),
                DateTimeOffset.FromUnixTimeMilliseconds(_page.Number(3)), _page.Number(2), record));
        }

        return page;
    }

    public StoredLetter? Get(PublisherRow row, long number) => Page(row, number - 1, 1, long.MaxValue) is [var letter] && letter.Number == number ? letter : null;

    /// <summary>The highest number of those that are there; 0 when there are none.</summary>
    public long Youngest(PublisherRow row)
    {
        _youngest.With(1, row.FirstKey).With(2, row.LastKey).One();
        var youngest = _youngest.NumberOrNull(0) - row.FirstKey;
        _youngest.Reset();
        return youngest ?? 0;
    }

    /// <summary>The oldest ones that are too many, or have been here too long: what their ids say, and their numbers.</summary>
    public List<(long Number, StatusAnswer Answer)> Surplus(PublisherRow row, LedgerOpenOptions options, DateTimeOffset now, int atMost)
    {
        var surplus = new List<(long, StatusAnswer)>();
        if (row.Dead == 0) return surplus;
        var tooMany = row.Dead - options.MaxDeadLetters;
        _oldest.With(1, row.FirstKey).With(2, row.LastKey).With(3, atMost);
        while (_oldest.Read())
        {
            var isOld = now - DateTimeOffset.FromUnixTimeMilliseconds(_oldest.Number(5)) >= options.DeadLetterRetention;
            if (surplus.Count >= tooMany && !isOld)
            {
                _oldest.Reset();
                break;
            }

            surplus.Add((_oldest.Number(0) - row.FirstKey, new StatusAnswer(
                new MessageId(_oldest.Text(1)!), LedgerStatus.Purged, _oldest.Number(2), (byte?)_oldest.NumberOrNull(4), DateTimeOffset.FromUnixTimeMilliseconds(_oldest.Number(3)))));
        }

        return surplus;
    }

    public void Remove(PublisherRow row, long number)
    {
        if (_delete.With(1, row.FirstKey + number).Run() > 0) row.Dead--;
    }
}

/// <summary>A dead letter as it stands in the file.</summary>
internal sealed record StoredLetter(long Number, MessageId MessageId, DeadLetterReason Reason, DateTimeOffset FailedAt, long Sequence, byte[] Record);
