using System.Buffers.Binary;
using System.Security.Cryptography;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>The publisher ids of the file.</summary>
internal sealed class PublisherTable(SqliteDatabase database)
{
    private readonly SqliteStatement _find = database.Prepare("SELECT id FROM publishers WHERE name=?1");
    private readonly SqliteStatement _insert = database.Prepare("INSERT INTO publishers(name, nonce) VALUES(?1, ?2) RETURNING id");
    private readonly SqliteStatement _load = database.Prepare("""
        SELECT nonce, tail, session, forgotten, backlog, backlog_bytes, inflight, inflight_bytes, dead, dead_number, quarantined, quarantine_number, writes, token, epochs, holder, holder_object,
          expires_at, is_locked, operation, answer, before_token, before_operation, before_answer, restored, restored_lost,
          accepted, confirmed, expired, dead_lettered, put_aside
        FROM publishers WHERE id=?1
        """);
    private readonly SqliteStatement _save = database.Prepare("""
        UPDATE publishers SET nonce=?2, tail=?3, session=?4, forgotten=?5, backlog=?6, backlog_bytes=?7, inflight=?8, inflight_bytes=?9, dead=?10, dead_number=?11, quarantined=?12,
          quarantine_number=?13, writes=?14, token=?15, epochs=?16, holder=?17, holder_object=?18, expires_at=?19, is_locked=?20, operation=?21, answer=?22, before_token=?23, before_operation=?24,
          before_answer=?25, restored=?26, restored_lost=?27, accepted=?28, confirmed=?29, expired=?30, dead_lettered=?31, put_aside=?32
        WHERE id=?1
        """);
    private readonly SqliteStatement _renew = database.Prepare("UPDATE publishers SET expires_at=?2, is_locked=?3 WHERE id=?1");

    /// <summary>The number of a publisher id; null when it has no ledger here.</summary>
    public long? Find(string publisherId)
    {
        if (!_find.With(1, publisherId).One()) return null;
        var id = _find.Number(0);
        _find.Reset();
        return id;
    }

    /// <summary>Begins a ledger.</summary>
    /// <exception cref="InvalidOperationException">There is no room for another publisher id.</exception>
    public long Create(string publisherId)
    {
        _insert.With(1, publisherId).With(2, BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long)))).One();
        var id = _insert.Number(0);
        _insert.Run();
        if (id >= 1L << (63 - SqliteSchema.SequenceBits)) throw new InvalidOperationException($"'{database.Path}' has as many publisher ids as fit into one file. Nothing was changed.");
        return id;
    }

    /// <exception cref="LedgerDamagedException">It is gone.</exception>
    public PublisherRow Load(long id)
    {
        var row = _load.With(1, id);
        if (!row.One()) throw SqliteErrors.Damaged(database.Path, "the row of the publisher id is gone");
        var loaded = new PublisherRow
        {
            Id = id,
            Nonce = (ulong)row.Number(0),
            Tail = row.Number(1),
            Session = (BrokerSession)row.Number(2),
            Forgotten = row.Number(3),
            Backlog = row.Number(4),
            BacklogBytes = row.Number(5),
            InFlight = row.Number(6),
            InFlightBytes = row.Number(7),
            Dead = row.Number(8),
            DeadNumber = row.Number(9),
            Quarantined = row.Number(10),
            QuarantineNumber = row.Number(11),
            Writes = row.Number(12),
            Token = row.Text(13) ?? "",
            Epochs = row.Number(14),
            Holder = row.Text(15),
            HolderObject = row.Text(16),
            ExpiresAt = row.Number(17),
            IsLocked = row.Number(18) != 0,
            Operation = row.Number(19),
            Answer = row.Text(20),
            BeforeToken = row.Text(21),
            BeforeOperation = row.Number(22),
            BeforeAnswer = row.Text(23),
            Restored = row.Number(24),
            RestoredLost = row.Text(25),
            Accepted = row.Number(26),
            Confirmed = row.Number(27),
            Expired = row.Number(28),
            DeadLettered = row.Number(29),
            PutAside = row.Number(30),
        };
        row.Reset();
        return loaded;
    }

    /// <summary>Writes all of it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="isDurable">False in a transaction that may be lost with the power: it does not count.</param>
    public void Save(PublisherRow row, bool isDurable = true)
    {
        if (isDurable) row.Writes++;
        _save.With(1, row.Id).With(2, (long)row.Nonce).With(3, row.Tail).With(4, (long)row.Session).With(5, row.Forgotten).With(6, row.Backlog).With(7, row.BacklogBytes).With(8, row.InFlight)
            .With(9, row.InFlightBytes).With(10, row.Dead).With(11, row.DeadNumber).With(12, row.Quarantined).With(13, row.QuarantineNumber).With(14, row.Writes).With(15, row.Token)
            .With(16, row.Epochs).With(17, row.Holder).With(18, row.HolderObject).With(19, row.ExpiresAt).With(20, row.IsLocked ? 1L : 0L).With(21, row.Operation).With(22, row.Answer)
            .With(23, row.BeforeToken).With(24, row.BeforeOperation).With(25, row.BeforeAnswer).With(26, row.Restored).With(27, row.RestoredLost)
            .With(28, row.Accepted).With(29, row.Confirmed).With(30, row.Expired).With(31, row.DeadLettered).With(32, row.PutAside).Run();
    }

    /// <summary>Writes what a renewed lease changes, which may be lost.</summary>
    public void SaveLease(PublisherRow row) => _renew.With(1, row.Id).With(2, row.ExpiresAt).With(3, row.IsLocked ? 1L : 0L).Run();
}
