using System.Buffers.Binary;
using System.Security.Cryptography;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>All that is known of one publisher id, and the steps that keep its parts in agreement. Not safe for several threads.</summary>
internal sealed class InMemoryState
{
    public ulong Nonce { get; set; } = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    public long Tail { get; set; }

    public BrokerSession Session { get; set; }

    public InMemoryBacklog Backlog { get; private init; } = new();

    public InMemoryInflight Inflight { get; private init; } = new();

    public InMemoryDeadLetters DeadLetters { get; private init; } = new();

    public InMemoryMessageIndex Index { get; private init; } = new();

    public InMemoryLease Lease { get; private init; } = new();

    /// <summary>Sequences that went with a loss of writes, and of which nobody knows what they were.</summary>
    public List<SequenceRange> Lost { get; private init; } = [];

    /// <summary>Sequences that the tail has jumped over after a loss of writes: what was accepted under them is lost, unless an owner had it.</summary>
    public List<SequenceRange> Jumped { get; private init; } = [];

    /// <summary>Messages of acceptors that an owner had in its hands when they were lost.</summary>
    public List<AcceptedRun> Taken { get; private init; } = [];

    /// <summary>Nobody has accepted or acquired here.</summary>
    public bool IsUntouched => Tail == 0 && Lease.IsUntouched;

    // Counted where a message comes in and where it ends.
    public long Accepted { get; set; }

    public long Confirmed { get; private set; }

    public long Expired { get; set; }

    public long DeadLettered { get; private set; }

    public LedgerTotals Totals => new(Accepted, Confirmed, Expired, DeadLettered, PutAside: 0);

    public long PendingCount => Backlog.Count + Inflight.Count;

    public long PendingBytes => Backlog.Bytes + Inflight.Bytes;

    public bool HasRoomFor(long count, long bytes, LedgerOpenOptions options) =>
        PendingCount + count <= options.MaxPending && PendingBytes + bytes <= options.MaxPendingBytes;

    /// <summary>What is true of a message id. Never "confirmed" of anything else.</summary>
    public StatusAnswer Find(MessageId messageId)
    {
        if (Index.TryGet(messageId, out var answer)) return answer;

        var unknown = new StatusAnswer(messageId, LedgerStatus.Unknown);
        if (!messageId.TryGetSequence(out var sequence) || messageId != MessageId.ForSequence(Nonce, sequence)) return unknown;
        if (sequence > Tail || Index.HasForgotten(sequence) || Lost.Exists(range => range.Contains(sequence))) return unknown;
        if ((Backlog.Find(sequence) ?? Inflight.Find(sequence)) is { } pending)
            return pending.MessageId == messageId ? new StatusAnswer(messageId, LedgerStatus.Pending, sequence) : unknown;

        // It was accepted, it is not pending, and every other end leaves a trace in the index.
        return new StatusAnswer(messageId, LedgerStatus.Confirmed, sequence);
    }

    public PendingPage ListPending(long afterSequence, int count)
    {
        // One more than asked for tells whether there is another page.
        count = Math.Min(count, 10_000);
        var first = Backlog.IndexAfter(afterSequence);
        var page = Inflight.Entries.Where(entry => entry.Record.Sequence > afterSequence)
            .Select(entry => new PendingEntry { Record = entry.Record, PacketId = entry.PacketId, State = entry.State })
            .Concat(Enumerable.Range(first, Math.Min(count + 1, Backlog.Count - first)).Select(i => new PendingEntry { Record = Backlog[i] }))
            .OrderBy(entry => entry.Record!.Sequence).Take(count + 1).ToList();
        if (page.Count <= count) return new PendingPage(page, null);
        page.RemoveAt(count);
        return new PendingPage(page, page[^1].Record!.Sequence);
    }

    /// <summary>Gives the record the next sequence, and an automatic id when it has none of the application's.</summary>
    public LedgerRecord Stamp(LedgerRecord record)
    {
        Tail++;
        Accepted++;
        var isNamed = record.HasApplicationId;
        var isStamped = record.Sequence == Tail && !record.MessageId.IsEmpty; // The owner stamps what it appends.
        var stamped = isStamped ? record : record with
        {
            Sequence = Tail,
            MessageId = isNamed ? record.MessageId : MessageId.ForSequence(Nonce, Tail),
        };
        if (isNamed) Index.Keep(new StatusAnswer(stamped.MessageId, LedgerStatus.Pending, Tail));
        return stamped;
    }

    /// <summary>The index has the ids of the application's, and automatic ones of another sequence: they were replayed.</summary>
    public static bool IsIndexed(LedgerRecord record) => !record.MessageId.TryGetSequence(out var automatic) || automatic != record.Sequence;

    /// <summary>It is finished, and nobody knows how.</summary>
    public void Forget(LedgerRecord record)
    {
        if (IsIndexed(record)) Index.Remove(record.MessageId);
        if (record.MessageId.TryGetSequence(out var sequence)) Index.Forget(sequence);
    }

    public void Confirm(LedgerRecord record, byte reasonCode, DateTimeOffset at, DateTimeOffset forgetAt)
    {
        Confirmed++;
        // An automatic id needs no trace of its confirm, unless a replay left one of its life before.
        if (!record.HasApplicationId && !Index.TryGet(record.MessageId, out _)) return;
        var answer = new StatusAnswer(record.MessageId, LedgerStatus.Confirmed, record.Sequence, reasonCode, at);
        Index.KeepUntil(answer, forgetAt);
    }

    public void Expire(LedgerRecord record, DateTimeOffset at, DateTimeOffset forgetAt)
    {
        Expired++;
        Index.KeepUntil(new StatusAnswer(record.MessageId, LedgerStatus.Expired, record.Sequence, null, at), forgetAt);
    }

    public void DeadLetter(LedgerRecord record, DeadLetterReason reason, DateTimeOffset at, DateTimeOffset now)
    {
        DeadLettered++;
        DeadLetters.Add(new DeadLetter(record, reason, at), now);
        Index.Keep(new StatusAnswer(record.MessageId, LedgerStatus.DeadLettered, record.Sequence, reason.ReasonCode, at));
    }

    /// <summary>The trace of a dead letter that is no more. Its removal from the dead letters is the caller's.</summary>
    public void MarkPurged(DeadLetter letter, DateTimeOffset now, LedgerOpenOptions options) => Index.KeepUntil(
        new StatusAnswer(letter.Record.MessageId, LedgerStatus.Purged, letter.Record.Sequence, letter.Reason.ReasonCode, letter.FailedAt),
        WindowEnd(now, options));

    /// <summary>Until when an outcome of now is kept.</summary>
    public static DateTimeOffset WindowEnd(DateTimeOffset now, LedgerOpenOptions options) =>
        options.DeduplicationWindow < DateTimeOffset.MaxValue - now ? now + options.DeduplicationWindow : DateTimeOffset.MaxValue;

    /// <summary>Lets go of what is older than its window or more than its bound. Each thing is let go once: amortised, it costs nothing.</summary>
    public void Prune(DateTimeOffset now, LedgerOpenOptions options)
    {
        foreach (var letter in DeadLetters.TakeSurplus(options.MaxDeadLetters, options.DeadLetterRetention, now))
            MarkPurged(letter, now, options);
        Index.Prune(now);
    }

    /// <summary>The same once more, to go back to later: what a store that loses writes does.</summary>
    public InMemoryState Copy() => new()
    {
        Nonce = Nonce,
        Tail = Tail,
        Session = Session,
        Backlog = Backlog.Copy(),
        Inflight = Inflight.Copy(),
        DeadLetters = DeadLetters.Copy(),
        Index = Index.Copy(),
        Lease = Lease.Copy(),
        Lost = [.. Lost],
        Jumped = [.. Jumped],
        Taken = [.. Taken],
        Accepted = Accepted,
        Confirmed = Confirmed,
        Expired = Expired,
        DeadLettered = DeadLettered,
    };
}
