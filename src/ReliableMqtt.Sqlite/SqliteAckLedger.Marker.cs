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
        var isOurs = marker is not null && marker.Value.Nonce == row.Nonce;
        if (isOurs && !marker!.Value.MayHaveLost(Boot) && marker.Value.Writes > row.Writes)
        {
            throw SqliteErrors.Damaged(
                _options.Path,
                $"of publisher id '{binding.Options.PublisherId}' it knows {Words(row.Writes)} transactions, and {Words(marker.Value.Writes)} were answered: the -wal file was deleted or cut off, or an older copy was "
                + $"put in its place. Put back what belongs together; or, if what is missing may be lost, delete the file '{_options.Path}.owner-{Words(row.Id)}', and the ledger goes on from here");
        }

        // Who only looks changes nothing.
        if (!binding.Options.CreateIfMissing) return;
        if (row.Tail > 0 && (!isOurs || marker!.Value.MayHaveLost(Boot))) NoteLoss(binding);
        if (binding.OwnerFile.TryTake())
        {
            Mark(binding, binding.Database.Read(binding.Load));
            binding.OwnerFile.LetGo();
        }
    }

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
    private void Mark(Binding binding, PublisherRow row, bool isClean = false) =>
        binding.OwnerFile.Write(new OwnerMarker(row.Nonce, row.Writes, IsFull, isClean, Boot));
}
