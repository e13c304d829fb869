using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// What stands beside the database, and tells whether it has lost something.
public sealed partial class SqliteAckLedger
{
    /// <summary>A name of this start of the machine; tests give another.</summary>
    internal ulong Boot { get; init; } = OwnerMarker.CurrentBoot;

    private bool IsFull => _options.Synchronous == SqliteSynchronous.Full;

    private void CompareWithMarker(Binding binding)
    {
        // In this order: the marker never says more than what is stored by then.
        if (!binding.OwnerFile.TryRead(out var marker)) return;
        var row = binding.Database.Read(binding.Load);
        if (marker is { } known && known.Nonce != row.Nonce) throw Astray(binding.OwnerFile, $"the file '{binding.OwnerFile}' beside it is of another ledger");
        if (marker?.MayHaveLost(Boot) == false && marker.Value.Writes > row.Writes)
            throw Astray(binding.OwnerFile, $"of publisher id '{binding.Options.PublisherId}' it knows {Words(row.Writes)} transactions, and {Words(marker.Value.Writes)} were answered");

        // Who only looks changes nothing.
        if (!binding.Options.CreateIfMissing) return;
        // A tail of 0 may be a lost one, unless there was no owner yet.
        if (marker is { } left ? left.MayHaveLost(Boot) : row.Tail > 0) NoteLoss(binding);
        if (binding.OwnerFile.TryTake())
        {
            Mark(binding, binding.Database.Read(binding.Load), syncs: true);
            binding.OwnerFile.LetGo();
        }
    }

    /// <summary>There is a publisher id that has a file beside the database, and no row in it: the row is lost.</summary>
    private void RefuseIfLost(string publisherId, long id)
    {
        var file = OwnerFile.Of(_options.Path, id);
        if (!file.TryRead(out var marker) || marker is not null) throw Astray(file, $"it does not know the publisher id '{publisherId}' or another one whose file '{file}' is beside it");
    }

    private LedgerDamagedException Astray(OwnerFile file, string problem) => SqliteErrors.Damaged(
        _options.Path, $"{problem}: the -wal file was deleted or cut off, or an older or another copy was put in its place",
        $"Put back what belongs together; or, if what is missing may be lost, delete '{file}', and the ledger goes on from what is there.");

    /// <summary>
    /// The last commits may be gone, and nobody is left who knows. Sequences that others have seen are not given out again; and a packet id may be in use at the broker: that session ends
    /// before it is given out.
    /// </summary>
    private void NoteLoss(Binding binding)
    {
        var lost = binding.Database.Write(() =>
        {
            var row = binding.Load();
            var range = LedgerTables.Jump(row);
            binding.Tables.Traces.AddLost(row, range);
            if (row.Session == BrokerSession.Established) row.Session = BrokerSession.Condemned;
            binding.Tables.Publishers.Save(row);
            return range;
        });
        SqliteLog.MayHaveLost(binding.Logger, binding.Options.PublisherId, _options.Path, lost.First);
    }

    /// <summary>Notes how far the database has come, if this object has the lock.</summary>
    private void Mark(Binding binding, PublisherRow row, bool isClean = false, bool syncs = false) =>
        binding.OwnerFile.Write(new OwnerMarker(row.Nonce, row.Writes, IsFull, isClean, Boot), syncs);
}
