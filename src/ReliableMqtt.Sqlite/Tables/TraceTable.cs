using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>
/// Sequences whose automatic id must not read as confirmed, for that nothing else is left: those that ended in another way, and ranges that may have been lost with the power. Bounded: of what was
/// let go, and of all below it, nothing is said.
/// </summary>
internal sealed class TraceTable(SqliteDatabase database)
{
    internal const int TracesAtMost = 65_536;

    private readonly SqliteStatement _put = database.Prepare("INSERT OR IGNORE INTO ended(id) VALUES(?1)");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM ended WHERE id=?1");
    private readonly SqliteStatement _has = database.Prepare("SELECT 1 FROM ended WHERE id=?1");
    private readonly SqliteStatement _count = database.Prepare("SELECT count(*) FROM ended WHERE id>?1 AND id<=?2");
    private readonly SqliteStatement _nth = database.Prepare("SELECT id FROM ended WHERE id>?1 AND id<=?2 ORDER BY id LIMIT 1 OFFSET ?3");
    private readonly SqliteStatement _prune = database.Prepare("DELETE FROM ended WHERE id>?1 AND id<=?2");
    private readonly SqliteStatement _putLost = database.Prepare("INSERT OR REPLACE INTO lost(id, last) VALUES(?1, ?2)");
    private readonly SqliteStatement _covers = database.Prepare("SELECT last FROM lost WHERE id>?1 AND id<=?2 ORDER BY id DESC LIMIT 1");

    public void Leave(PublisherRow row, long sequence) => _put.With(1, row.FirstKey + sequence).Run();

    /// <summary>Of a message id that has another sequence than it says: its own is nobody's. Of any other there is nothing to be kept.</summary>
    public void LeaveAutomatic(PublisherRow row, MessageId messageId)
    {
        if (messageId.TryGetSequence(out var sequence)) Leave(row, sequence);
    }

    public void Remove(PublisherRow row, MessageId messageId)
    {
        if (messageId.TryGetSequence(out var sequence)) _delete.With(1, row.FirstKey + sequence).Run();
    }

    /// <summary>Whether the automatic id of this sequence must not read as confirmed.</summary>
    public bool Has(PublisherRow row, long sequence)
    {
        if (sequence <= row.Forgotten) return true;
        if (_has.With(1, row.FirstKey + sequence).One())
        {
            _has.Reset();
            return true;
        }

        if (!_covers.With(1, row.FirstKey).With(2, row.FirstKey + sequence).One()) return false;
        var last = _covers.Number(0);
        _covers.Reset();
        return sequence <= last;
    }

    public void AddLost(PublisherRow row, SequenceRange range) => _putLost.With(1, row.FirstKey + range.First).With(2, range.Last).Run();

    /// <summary>Lets the oldest go where there are too many.</summary>
    /// <returns>True when the row has changed.</returns>
    public bool Prune(PublisherRow row)
    {
        _count.With(1, row.FirstKey).With(2, row.LastKey).One();
        var surplus = _count.Number(0) - TracesAtMost;
        _count.Reset();
        if (surplus <= 0) return false;
        _nth.With(1, row.FirstKey).With(2, row.LastKey).With(3, surplus - 1).One();
        var last = _nth.Number(0);
        _nth.Reset();
        _prune.With(1, row.FirstKey).With(2, last).Run();
        row.Forgotten = Math.Max(row.Forgotten, last - row.FirstKey);
        return true;
    }
}
