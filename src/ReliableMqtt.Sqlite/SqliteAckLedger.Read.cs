using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// What is there: receipts, counts, the backlog, and what people look at.
public sealed partial class SqliteAckLedger
{
    // A page, in bytes: enough for one trip, not enough to be felt.
    private const int PageBytes = 4 << 20;
    private const int ItemsAtMost = 500;

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messageIds);
        return ReadAsync(
            (binding, row) =>
            {
                // What is in flight has no index by sequence: for any number of ids it is looked through once.
                var flying = new Lazy<Dictionary<long, string?>>(
                    () => binding.Tables.Inflight.Sequences(row).ToDictionary(entry => entry.Sequence, entry => entry.MessageId), LazyThreadSafetyMode.None);
                return (IReadOnlyList<StatusAnswer>)[.. messageIds.Select(id => binding.Tables.Find(row, id, flying, binding.Now))];
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => ReadAsync(
        (binding, row) =>
        {
            var oldest = binding.Tables.Inflight.Oldest(row);
            if (binding.Tables.Backlog.First(row) is { } head && (oldest is null || head < oldest.Sequence)) oldest = binding.Tables.Backlog.Get(row, head);
            var acceptedAt = oldest is not null && RecordBuffer.TryDecode(oldest, row.Nonce, out var record, out _) ? record.AcceptedAt : (DateTimeOffset?)null;
            return new LedgerStatistics(
                row.Backlog, row.InFlight, row.Dead, row.BacklogBytes + row.InFlightBytes, acceptedAt, row.Quarantined, row.Tail, oldest?.Sequence ?? row.Tail + 1, row.Totals);
        },
        cancellationToken);

    /// <inheritdoc />
    public override ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken) => ReadAsync(
        (binding, row) =>
        {
            var left = TimeSpan.FromMilliseconds(row.ExpiresAt - binding.Now.ToUnixTimeMilliseconds());
            var state = row.Holder is null ? LeaseState.Free : left > TimeSpan.Zero ? LeaseState.Held : LeaseState.Expired;
            return new LedgerOverview(state, row.Holder, state == LeaseState.Held ? left : null, row.Operation, row.Tail, row.Session);
        },
        cancellationToken);

    /// <inheritdoc />
    /// <remarks>At most 500 messages and about 4 MiB come at a time.</remarks>
    public override ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        count = Math.Min(count, ItemsAtMost);
        return ReadAsync(
            (binding, row) =>
            {
                // One more of each than asked for tells whether there is another page; of either kind none may be left out below what is shown.
                var flying = binding.Tables.Inflight.Behind(row, afterSequence, count + 1, PageBytes);
                var waiting = binding.Tables.Backlog.Page(row, afterSequence, count + 1, PageBytes);
                var horizon = Math.Min(End(flying.Count, () => flying[^1].Record.Sequence), End(waiting.Count, () => waiting[^1].Sequence));
                var all = flying.Select(entry => (entry.Record.Sequence, Entry: Show(binding, row, entry.PacketId, entry.Record)))
                    .Concat(waiting.Select(stored => (stored.Sequence, Entry: Show(row, stored)))).Where(item => item.Sequence <= horizon)
                    .OrderBy(item => item.Sequence).Take(count).ToList();
                var isLast = all.Count == flying.Count + waiting.Count && !HasMore(binding, row, all.Count == 0 ? afterSequence : all[^1].Sequence);
                return new PendingPage(all.ConvertAll(item => item.Entry), isLast ? null : all[^1].Sequence);
            },
            cancellationToken);

        // Where fewer came than were asked for, because of their size or of their number, nothing behind the last is known.
        static long End(int count, Func<long> last) => count == 0 ? long.MaxValue : last();
    }

    private static bool HasMore(Binding binding, PublisherRow row, long after) =>
        binding.Tables.Backlog.Page(row, after, 1, 0).Count > 0 || binding.Tables.Inflight.Behind(row, after, 1, 0).Count > 0;

    /// <inheritdoc />
    public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return RunAsync<IReadOnlyList<LedgerRecord>>(
            binding =>
            {
                while (true)
                {
                    var (row, stored) = binding.Database.Read(() => binding.Load() is var row ? (row, binding.Tables.Backlog.Page(row, afterSequence, count, PageBytes)) : default);
                    var page = new List<LedgerRecord>(stored.Count);
                    foreach (var one in stored)
                    {
                        if (RecordBuffer.TryDecode(one, row.Nonce, out var record, out var problem)) page.Add(record);
                        else PutAsideWaiting(binding, one, problem);
                    }

                    // An empty page says that there is no more: never when all of it was unreadable.
                    if (page.Count == 0 && stored.Count > 0) continue;
                    // What an owner has read it counts on.
                    if (page.Count > 0) _known.Tail = Math.Max(_known.Tail, page[^1].Sequence);
                    return page;
                }
            },
            cancellationToken);
    }

    private static PendingEntry Show(Binding binding, PublisherRow row, long packetId, StoredRecord stored) =>
        TryReadEntry(binding, row, packetId, stored, out var entry, out var problem)
            ? new PendingEntry { Record = entry!.Record, PacketId = entry.PacketId, State = entry.State }
            : new PendingEntry { Problem = problem, PacketId = new PacketId((ushort)packetId) };

    private static PendingEntry Show(PublisherRow row, StoredRecord stored) =>
        RecordBuffer.TryDecode(stored, row.Nonce, out var record, out var problem) ? new PendingEntry { Record = record } : new PendingEntry { Problem = problem };

    private static long Continuation(string? continuation)
    {
        var after = 0L;
        if (continuation is not null && !long.TryParse(continuation, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            throw new ArgumentException($"'{continuation}' is not a continuation of a dead letter page.", nameof(continuation));
        return after;
    }
}
