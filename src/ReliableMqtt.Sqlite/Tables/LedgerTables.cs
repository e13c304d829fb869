using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Sqlite.Tables;

/// <summary>All tables of the file, and the steps that keep them in agreement. Within a transaction.</summary>
internal sealed class LedgerTables
{
    public LedgerTables(SqliteDatabase database)
    {
        var buffer = new RecordBuffer();
        (Publishers, Backlog, Inflight, States) = (new(database), new(database, buffer), new(database, buffer), new(database));
        (Ids, Traces, Dead, Quarantine) = (new(database), new(database), new(database), new(database));
    }

    public PublisherTable Publishers { get; }

    public BacklogTable Backlog { get; }

    public InflightTable Inflight { get; }

    public StateTable States { get; }

    public IdTable Ids { get; }

    public TraceTable Traces { get; }

    public DeadTable Dead { get; }

    public QuarantineTable Quarantine { get; }

    /// <summary>The table of ids has those of the application's, and automatic ones of another sequence: they were replayed.</summary>
    public static bool IsIndexed(MessageId messageId, long sequence) => !messageId.TryGetSequence(out var automatic) || automatic != sequence;

    /// <summary>Until when an outcome of now is kept.</summary>
    public static DateTimeOffset WindowEnd(DateTimeOffset now, LedgerOpenOptions options) =>
        options.DeduplicationWindow < DateTimeOffset.MaxValue - now ? now + options.DeduplicationWindow : DateTimeOffset.MaxValue;

    /// <summary>What is true of a message id. Never "confirmed" of anything else.</summary>
    /// <param name="row">Whose.</param>
    /// <param name="messageId">The id.</param>
    /// <param name="flying">The sequences of what is in flight, with their ids.</param>
    /// <param name="now">The time.</param>
    public StatusAnswer Find(PublisherRow row, MessageId messageId, Lazy<Dictionary<long, string?>> flying, DateTimeOffset now)
    {
        if (Ids.Get(row, messageId, now) is { } entry) return entry.Answer;
        var unknown = new StatusAnswer(messageId, LedgerStatus.Unknown);
        if (!messageId.TryGetSequence(out var sequence) || messageId.LedgerNonce != row.Nonce || sequence > row.Tail || Traces.Has(row, sequence)) return unknown;
        if (flying.Value.TryGetValue(sequence, out var id) || Backlog.TryGetId(row, sequence, out id))
            return id is null ? new StatusAnswer(messageId, LedgerStatus.Pending, sequence) : unknown;

        // It was accepted, it is not pending, and every other end leaves a trace.
        return new StatusAnswer(messageId, LedgerStatus.Confirmed, sequence);
    }

    /// <summary>It waits, behind all others, with the sequence that it has.</summary>
    public void Append(PublisherRow row, LedgerRecord record)
    {
        Backlog.Append(row, record);
        if (record.HasApplicationId) Ids.Keep(row, new StatusAnswer(record.MessageId, LedgerStatus.Pending, record.Sequence));
    }

    public void Confirm(PublisherRow row, MessageId messageId, long sequence, byte reasonCode, DateTimeOffset at, DateTimeOffset forgetAt)
    {
        row.Confirmed++;
        // That nothing is left says it of an automatic id.
        if (!IsIndexed(messageId, sequence)) return;
        Ids.KeepUntil(row, new StatusAnswer(messageId, LedgerStatus.Confirmed, sequence, reasonCode, at), forgetAt);
        Traces.Remove(row, messageId);
    }

    public void Expire(PublisherRow row, MessageId messageId, long sequence, DateTimeOffset at, DateTimeOffset forgetAt)
    {
        row.Expired++;
        Ids.KeepUntil(row, new StatusAnswer(messageId, LedgerStatus.Expired, sequence, null, at), forgetAt);
        Traces.LeaveAutomatic(row, messageId);
    }

    public void Bury(PublisherRow row, StoredRecord record, MessageId messageId, DeadLetterReason reason, DateTimeOffset at, DateTimeOffset now)
    {
        row.DeadLettered++;
        var number = Dead.Add(row, record, messageId, reason, at, now);
        Ids.Keep(row, new StatusAnswer(messageId, LedgerStatus.DeadLettered, record.Sequence, reason.ReasonCode, at), number);
        Traces.LeaveAutomatic(row, messageId);
    }

    /// <summary>A dead letter is thrown away; that it was there stays to be read.</summary>
    public void Purge(PublisherRow row, long number, StatusAnswer answer, DateTimeOffset now, LedgerOpenOptions options)
    {
        Dead.Remove(row, number);
        Ids.KeepUntil(row, answer with { Status = LedgerStatus.Purged }, WindowEnd(now, options));
    }

    /// <summary>Lets go of dead letters that are too many or too old.</summary>
    /// <returns>How many.</returns>
    public int PurgeSurplus(PublisherRow row, LedgerOpenOptions options, DateTimeOffset now, int atMost)
    {
        var surplus = Dead.Surplus(row, options, now, atMost);
        foreach (var (number, answer) in surplus) Purge(row, number, answer, now, options);
        return surplus.Count;
    }

    /// <summary>Sequences that may have been lost unseen are never given out again, and read as unknown.</summary>
    public static SequenceRange Jump(PublisherRow row, long seen = 0)
    {
        var lost = new SequenceRange(row.Tail + 1, Math.Max(row.Tail, seen) + (1 << 20));
        row.Tail = lost.Last;
        return lost;
    }
}
