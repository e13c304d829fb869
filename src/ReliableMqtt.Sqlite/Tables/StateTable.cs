using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>States of what is in flight, by packet id. What has none here is Sent, in the order of its sequence.</summary>
internal sealed class StateTable(SqliteDatabase database)
{
    private readonly SqliteStatement _any = database.Prepare("SELECT 1 FROM states WHERE id>?1 AND id<=?2 LIMIT 1");
    private readonly SqliteStatement _put = database.Prepare("""
        INSERT OR REPLACE INTO states(id, stage, order_sequence, order_ordinal, release_order, refusals, due) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """);
    private readonly SqliteStatement _get = database.Prepare("SELECT stage, order_sequence, order_ordinal, release_order, refusals, due FROM states WHERE id=?1");
    private readonly SqliteStatement _delete = database.Prepare("DELETE FROM states WHERE id=?1");
    private readonly SqliteStatement _clear = database.Prepare("DELETE FROM states WHERE id>?1 AND id<=?2");

    /// <summary>Whether there is any: as a rule there is none at QoS 1.</summary>
    public bool HasAny(PublisherRow row)
    {
        if (!_any.With(1, row.FirstPacketKey).With(2, row.LastPacketKey).One()) return false;
        _any.Reset();
        return true;
    }

    public void Put(PublisherRow row, PacketId packetId, InflightState state) => _put
        .With(1, row.FirstPacketKey + packetId.Value).With(2, (long)state.Stage).With(3, state.Order.Sequence).With(4, state.Order.Ordinal)
        .With(5, state.ReleaseOrder).With(6, state.Refusals).With(7, state.DueAt?.ToUnixTimeMilliseconds()).Run();

    /// <exception cref="ArgumentException">The due time is out of range.</exception>
    public InflightState Get(PublisherRow row, long packetId, long sequence)
    {
        if (!_get.With(1, row.FirstPacketKey + packetId).One()) return Plain(sequence);
        var (stage, order, ordinal, release, refusals, due) = (_get.Number(0), _get.Number(1), _get.Number(2), _get.Number(3), _get.Number(4), _get.NumberOrNull(5));
        _get.Reset();
        if (stage is < (long)InflightStage.Sent or > (long)InflightStage.Parked) throw new ArgumentException($"{stage} is no stage of a message in flight.");
        return new InflightState(
            (InflightStage)stage, new SendOrder(order, ordinal), release, (int)refusals, due is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null);
    }

    public void Remove(PublisherRow row, PacketId packetId) => _delete.With(1, row.FirstPacketKey + packetId.Value).Run();

    public void Clear(PublisherRow row) => _clear.With(1, row.FirstPacketKey).With(2, row.LastPacketKey).Run();

    /// <summary>What needs no entry.</summary>
    public static InflightState Plain(long sequence) => new(InflightStage.Sent, new SendOrder(sequence));
}
