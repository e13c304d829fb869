using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// Appends from any process.
public sealed partial class SqliteAckLedger
{
    // Of the thread.
    private long _acceptNumbers;

    /// <inheritdoc />
    /// <remarks>One transaction. When the disk is full, or the file has reached its limit, the messages are <see cref="AcceptStatus.Full"/>.</remarks>
    public override async ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records) CheckRecord(record);
        if (records.Count == 0) return [];
        var (answers, wakes) = await RunAsync(binding => Accept(binding, records), cancellationToken).ConfigureAwait(false);
        if (wakes) RaiseChanged(LedgerChange.Backlog);
        return answers;
    }

    private (AcceptAnswer[] Answers, bool Wakes) Accept(Binding binding, IReadOnlyList<LedgerRecord> records)
    {
        if (!binding.Reserve.IsKept()) return Full(records);
        try
        {
            PublisherRow? row = null;
            var answer = binding.Database.Write(() =>
            {
                row = binding.Load();
                var before = row.Backlog;
                var full = false;
                var now = binding.Now;
                AcceptAnswer[] answers = [.. records.Select(record => AcceptOne(binding, row, record, now, ref full))];
                if (row.Backlog > before) binding.Tables.Publishers.Save(row);
                return (answers, before == 0 && row.Backlog > 0);
            });
            Mark(binding, row!);
            return answer;
        }
        catch (LedgerUnavailableException error) when (SqliteErrors.IsFull(error))
        {
            return Full(records);
        }
    }

    private static (AcceptAnswer[] Answers, bool Wakes) Full(IReadOnlyList<LedgerRecord> records) =>
        ([.. records.Select(record => new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0))], false);

    private AcceptAnswer AcceptOne(Binding binding, PublisherRow row, LedgerRecord record, DateTimeOffset now, ref bool full)
    {
        if (record.HasApplicationId && binding.Tables.Ids.Get(row, record.MessageId, now) is { } existing) return new AcceptAnswer(AcceptStatus.Known, record.MessageId, 0, existing.Answer);
        var sequence = row.Tail + 1;
        var stamped = record with
        {
            Sequence = sequence,
            MessageId = record.HasApplicationId ? record.MessageId : MessageId.ForSequence(row.Nonce, sequence),
            Acceptor = _acceptor,
            AcceptorNumber = _acceptNumbers + 1,
        };
        full = full || !row.HasRoomFor(1, RecordCodec.Measure(stamped), binding.Options);
        if (full) return new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0);
        row.Tail = sequence;
        row.Accepted++;
        _acceptNumbers++;
        binding.Tables.Append(row, stamped);
        return new AcceptAnswer(AcceptStatus.Accepted, stamped.MessageId, sequence);
    }

    private static void CheckRecord(LedgerRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.QualityOfService is not (MqttQualityOfServiceLevel.AtLeastOnce or MqttQualityOfServiceLevel.ExactlyOnce))
            throw new ArgumentException($"A ledger keeps QoS 1 and 2, not {record.QualityOfService}.", nameof(record));
        if (record.MessageId.IsAutomatic) throw new ArgumentException($"'{record.MessageId}' is an automatic id: only the ledger gives those out.", nameof(record));
    }
}
