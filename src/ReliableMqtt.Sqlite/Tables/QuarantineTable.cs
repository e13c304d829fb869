using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>Records that could not be read, as they stood there. Nothing is ever taken out.</summary>
internal sealed class QuarantineTable(SqliteDatabase database)
{
    private readonly SqliteStatement _insert = database.Prepare("INSERT INTO quarantine(id, at, place, field, reason, bytes) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
    private readonly SqliteStatement _page = database.Prepare("SELECT id, at, place, field, reason, bytes FROM quarantine WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3");

    public void Add(PublisherRow row, QuarantinePlace place, string field, string reason, ReadOnlySpan<byte> bytes, DateTimeOffset now)
    {
        row.Quarantined++;
        _insert.With(1, row.FirstKey + ++row.QuarantineNumber).With(2, now.ToUnixTimeMilliseconds()).With(3, (long)place).With(4, field).With(5, reason).With(6, bytes).Run();
    }

    public QuarantinePage Page(PublisherRow row, long after, int count, long bytes)
    {
        var page = new List<QuarantinedRecord>();
        _page.With(1, row.FirstKey + Math.Clamp(after, 0, row.LastKey - row.FirstKey)).With(2, row.LastKey).With(3, count + 1L);
        while (_page.Read())
        {
            var record = _page.Bytes(5);
            if (page.Count == count || (page.Count > 0 && (bytes -= record.Length) < 0))
            {
                _page.Reset();
                return new QuarantinePage(page, page[^1].Number);
            }

            page.Add(new QuarantinedRecord(
                _page.Number(0) - row.FirstKey, (QuarantinePlace)_page.Number(2), _page.Text(3) ?? "", _page.Text(4) ?? "", DateTimeOffset.FromUnixTimeMilliseconds(_page.Number(1)), record));
        }

        return new QuarantinePage(page, null);
    }
}
