using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>What is in flight, by packet id. A state other than Sent stands beside it, so that a release does not write a large record again.</summary>
internal sealed class InflightTable(SqliteDatabase database, RecordBuffer buffer)
{
    private readonly SqliteStatement _insert = database.Prepare("INSERT OR IGNORE INTO inflight(id, sequence, message_id, record) VALUES(?1, ?2, ?3, ?4)");
    private readonly SqliteStatement _assign = database.Prepare("INSERT OR IGNORE INTO inflight(id, sequence, message_id, record) SELECT ?1, ?2, message_id, record FROM backlog WHERE id=?3");
    private readonly SqliteStatement _look = database.Prepare("SELECT sequence, message_id, length(record) FROM inflight WHERE id=?1");
    private readonly SqliteStatement _quality = database.Prepare("SELECT substr(record, 18, 1) FROM inflight WHERE id=?1");
    private readonly SqliteStatement _get = database.Prepare("SELECT sequence, message_id, record FROM inflight WHERE id=?1");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM inflight WHERE id=?1");
    private readonly SqliteStatement _move = database.Prepare("UPDATE OR IGNORE inflight SET id=?2 WHERE id=?1");
    private readonly SqliteStatement _all = database.Prepare("SELECT id, sequence, message_id, record FROM inflight WHERE id>?1 AND id<=?2 ORDER BY id");
    private readonly SqliteStatement _sequences = database.Prepare("SELECT sequence, message_id, id FROM inflight WHERE id>?1 AND id<=?2");
    private readonly SqliteStatement _behind = database.Prepare("SELECT id, sequence, message_id, record FROM inflight WHERE id>?1 AND id<=?2 AND sequence>?3 ORDER BY sequence LIMIT ?4");

    /// <returns>False when the packet id is not free.</returns>
    public bool Add(PublisherRow row, PacketId packetId, LedgerRecord record)
    {
        var bytes = buffer.Encode(record);
        if (_insert.With(1, row.FirstPacketKey + packetId.Value).With(2, record.Sequence).With(3, RecordBuffer.StoredId(record)).With(4, bytes).Run() == 0) return false;
        row.InFlight++;
        row.InFlightBytes += bytes.Length;
        return true;
    }

    /// <summary>Copies a message of the backlog, which is not taken out by it.</summary>
    /// <returns>False when the packet id is not free.</returns>
    public bool Assign(PublisherRow row, PacketId packetId, in StoredHead head)
    {
        if (_assign.With(1, row.FirstPacketKey + packetId.Value).With(2, head.Sequence).With(3, row.FirstKey + head.Sequence).Run() == 0) return false;
        row.InFlight++;
        row.InFlightBytes += head.Bytes;
        return true;
    }

    /// <summary>What is in flight under a packet id.</summary>
    public StoredHead? Look(PublisherRow row, PacketId packetId)
    {
        if (!_look.With(1, row.FirstPacketKey + packetId.Value).One()) return null;
        var head = new StoredHead(_look.Number(0), _look.Text(1), _look.Number(2));
        _look.Reset();
        return head;
    }

    /// <summary>The QoS of what is in flight under a packet id, which there must be.</summary>
    public int Quality(PublisherRow row, PacketId packetId)
    {
        _quality.With(1, row.FirstPacketKey + packetId.Value).One();
        var flags = _quality.Bytes(0);
        _quality.Reset();
        return flags.Length == 1 ? flags[0] & 3 : 0;
    }

    public StoredRecord? Get(PublisherRow row, PacketId packetId)
    {
        if (!_get.With(1, row.FirstPacketKey + packetId.Value).One()) return null;
        var stored = new StoredRecord(_get.Number(0), _get.Text(1), _get.Bytes(2));
        _get.Reset();
        return stored;
    }

    /// <summary>The one with the lowest sequence; of the others no record is read.</summary>
    public StoredRecord? Oldest(PublisherRow row) => Sequences(row) is { Count: > 0 } all ? Get(row, all.MinBy(entry => entry.Sequence).PacketId) : null;

    public void Remove(PublisherRow row, PacketId packetId, long bytes)
    {
        _delete.With(1, row.FirstPacketKey + packetId.Value).Run();
        row.InFlight--;
        row.InFlightBytes -= bytes;
    }

    /// <returns>False when the new packet id is not free.</returns>
    public bool Move(PublisherRow row, PacketId packetId, PacketId newPacketId) => _move.With(1, row.FirstPacketKey + packetId.Value).With(2, row.FirstPacketKey + newPacketId.Value).Run() == 1;

    /// <summary>All, by packet id.</summary>
    public List<(long PacketId, StoredRecord Record)> All(PublisherRow row) => Read(_all.With(1, row.FirstPacketKey).With(2, row.LastPacketKey), row, long.MaxValue);

    /// <summary>Those behind a sequence, in its order; at least two of them, however large.</summary>
    public List<(long PacketId, StoredRecord Record)> Behind(PublisherRow row, long after, int count, long bytes) =>
        Read(_behind.With(1, row.FirstPacketKey).With(2, row.LastPacketKey).With(3, after).With(4, count), row, bytes);

    /// <summary>Sequences, message ids and packet ids of all, without the records.</summary>
    public List<(long Sequence, string? MessageId, PacketId PacketId)> Sequences(PublisherRow row)
    {
        var all = new List<(long, string?, PacketId)>();
        _sequences.With(1, row.FirstPacketKey).With(2, row.LastPacketKey);
        while (_sequences.Read()) all.Add((_sequences.Number(0), _sequences.Text(1), new PacketId((ushort)(_sequences.Number(2) - row.FirstPacketKey))));
        return all;
    }

    private static List<(long PacketId, StoredRecord Record)> Read(SqliteStatement statement, PublisherRow row, long bytes)
    {
        var all = new List<(long, StoredRecord)>();
        while (statement.Read())
        {
            var record = statement.Bytes(3);
            if (all.Count > 1 && (bytes -= record.Length) < 0)
            {
                statement.Reset();
                break;
            }

            all.Add((statement.Number(0) - row.FirstPacketKey, new StoredRecord(statement.Number(1), statement.Text(2), record)));
        }

        return all;
    }
}
