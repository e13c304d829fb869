using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// Records that cannot be read: put aside, and listed.
public sealed partial class SqliteAckLedger
{
    /// <inheritdoc />
    /// <remarks>At most 500 records and 4 MiB come at a time, but one record at least.</remarks>
    public override ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return ReadAsync((binding, row) => binding.Tables.Quarantine.Page(row, afterNumber, Math.Min(count, ItemsAtMost), PageBytes), cancellationToken);
    }

    private static void PutAsideWaiting(Binding binding, StoredRecord stored, string problem) => PutAside(binding, QuarantinePlace.Backlog, Words(stored.Sequence), problem, row =>
    {
        if (!binding.Tables.Backlog.Remove(row, stored.Sequence, stored.Record.Length)) return false;
        Forget(binding, row, stored);
        binding.Tables.Quarantine.Add(row, QuarantinePlace.Backlog, "", problem, stored.Record, binding.Now);
        return true;
    });

    private static void PutAsideInFlight(Binding binding, LedgerEpoch epoch, List<(PacketId PacketId, StoredRecord Record, string Problem)> unreadable)
    {
        foreach (var (packetId, stored, problem) in unreadable)
        {
            PutAside(binding, QuarantinePlace.InFlight, packetId.ToString(), problem, row =>
            {
                if (!row.IsCurrent(epoch) || binding.Tables.Inflight.Look(row, packetId) is null) return false;
                binding.Tables.Inflight.Remove(row, packetId, stored.Record.Length);
                binding.Tables.States.Remove(row, packetId);
                Forget(binding, row, stored);
                // Its packet id is still in use in the broker's session: that must end before the id is given out again.
                if (row.Session == BrokerSession.Established) row.Session = BrokerSession.Condemned;
                binding.Tables.Quarantine.Add(row, QuarantinePlace.InFlight, packetId.ToString(), problem, stored.Record, binding.Now);
                return true;
            });
        }
    }

    private static void PutAsideLetter(Binding binding, StoredLetter letter, string problem) => PutAside(binding, QuarantinePlace.DeadLetters, letter.MessageId.Value, problem, row =>
    {
        if (binding.Tables.Dead.Get(row, letter.Number) is null) return false;
        binding.Tables.Dead.Remove(row, letter.Number);
        binding.Tables.Ids.Remove(row, letter.MessageId);
        binding.Tables.Quarantine.Add(row, QuarantinePlace.DeadLetters, letter.MessageId.Value, problem, letter.Record, binding.Now);
        return true;
    });

    /// <summary>It was not confirmed, and must not read so; an id of the application's may be used again.</summary>
    private static void Forget(Binding binding, PublisherRow row, StoredRecord stored)
    {
        row.PutAside++;
        // Where the two do not agree, either may be right.
        foreach (var sequence in new[] { stored.Sequence, RecordCodec.GuessSequence(stored.Record) })
            if (sequence > 0 && sequence <= row.Tail) binding.Tables.Traces.Leave(row, sequence);
        if (stored.MessageId is { Length: > 0 } id) binding.Tables.Ids.Remove(row, new MessageId(id));
    }

    private static void PutAside(Binding binding, QuarantinePlace place, string field, string problem, Func<PublisherRow, bool> move)
    {
        var isMoved = binding.Database.Write(() =>
        {
            var row = binding.Load();
            if (!move(row)) return false;
            binding.Tables.Publishers.Save(row);
            return true;
        });
        if (isMoved) SqliteLog.Quarantined(binding.Logger, binding.Options.PublisherId, place.ToString(), field, problem);
    }
}
