using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>
/// What is said of message ids. Ids of the application's are here from their accept on until a deduplication window after their end; automatic ones only when their sequence alone would give
/// a wrong answer: what ended other than by a confirm, and what was replayed.
/// </summary>
internal sealed class IdTable(SqliteDatabase database)
{
    private readonly SqliteStatement _get = database.Prepare("SELECT status, sequence, code, at, forget_at, letter FROM ids WHERE publisher=?1 AND message_id=?2");
    private readonly SqliteStatement _put = database.Prepare("INSERT OR REPLACE INTO ids(publisher, message_id, status, sequence, code, at, forget_at, letter) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM ids WHERE publisher=?1 AND message_id=?2");
    private readonly SqliteStatement _prune = database.Prepare("""
        DELETE FROM ids WHERE publisher=?1 AND message_id IN (SELECT message_id FROM ids WHERE publisher=?1 AND forget_at<=?2 ORDER BY forget_at LIMIT ?3)
        """);

    /// <summary>What is said of an id; null for nothing, or nothing any more.</summary>
    public IdEntry? Get(PublisherRow row, MessageId messageId, DateTimeOffset now)
    {
        if (!_get.With(1, row.Id).With(2, messageId.Value).One()) return null;
        var status = _get.Text(0) switch
        {
            "P" => LedgerStatus.Pending,
            "C" => LedgerStatus.Confirmed,
            "D" => LedgerStatus.DeadLettered,
            "E" => LedgerStatus.Expired,
            "X" => LedgerStatus.Purged,
            _ => LedgerStatus.Unknown,
        };
        var at = _get.NumberOrNull(3) is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : (DateTimeOffset?)null;
        var entry = new IdEntry(new StatusAnswer(messageId, status, _get.Number(1), (byte?)_get.NumberOrNull(2), at), _get.NumberOrNull(5));
        var isForgotten = _get.NumberOrNull(4) is { } forgetAt && forgetAt <= now.ToUnixTimeMilliseconds();
        _get.Reset();
        return isForgotten ? null : entry;
    }

    /// <summary>Says it until further notice: of what is pending, and of dead letters.</summary>
    public void Keep(PublisherRow row, StatusAnswer answer, long? letter = null) => Put(row, answer, null, letter);

    /// <summary>Says it at least until the given time.</summary>
    public void KeepUntil(PublisherRow row, StatusAnswer answer, DateTimeOffset forgetAt) => Put(row, answer, forgetAt.ToUnixTimeMilliseconds(), null);

    public void Remove(PublisherRow row, MessageId messageId) => _delete.With(1, row.Id).With(2, messageId.Value).Run();

    /// <summary>Takes out what is no longer to be said, the oldest first.</summary>
    public void Prune(PublisherRow row, DateTimeOffset now, int atMost) => _prune.With(1, row.Id).With(2, now.ToUnixTimeMilliseconds()).With(3, atMost).Run();

    private void Put(PublisherRow row, StatusAnswer answer, long? forgetAt, long? letter)
    {
        var status = answer.Status switch { LedgerStatus.Pending => "P", LedgerStatus.Confirmed => "C", LedgerStatus.DeadLettered => "D", LedgerStatus.Expired => "E", _ => "X" };
        _put.With(1, row.Id).With(2, answer.MessageId.Value).With(3, status).With(4, answer.Sequence).With(5, answer.ReasonCode)
            .With(6, answer.FinishedAt?.ToUnixTimeMilliseconds()).With(7, forgetAt).With(8, letter).Run();
    }
}

/// <summary>What is said of an id.</summary>
/// <param name="Answer">The same in the words of the port.</param>
/// <param name="Letter">The number of its dead letter.</param>
internal sealed record IdEntry(StatusAnswer Answer, long? Letter);
