using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Sqlite.Tables;

namespace ReliableMqtt.Sqlite;

// Messages that were given up: listed, replayed, purged.
public sealed partial class SqliteAckLedger
{
    /// <inheritdoc />
    /// <remarks>At most 500 letters and 4 MiB come at a time, but one letter at least.</remarks>
    public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var after = Continuation(continuation);
        return RunAsync(
            binding =>
            {
                var (nonce, youngest, stored) = binding.Database.Read(() =>
                {
                    var row = binding.Load();
                    return (row.Nonce, binding.Tables.Dead.Youngest(row), binding.Tables.Dead.Page(row, after, Math.Min(count, ItemsAtMost), PageBytes));
                });
                var letters = stored.ConvertAll(letter => ReadLetter(binding, letter, nonce)).OfType<DeadLetter>().ToList();
                return new DeadLetterPage(letters, stored.Count > 0 && stored[^1].Number < youngest ? Words(stored[^1].Number) : null) { Youngest = youngest };
            },
            cancellationToken);
    }

    /// <inheritdoc />
    public override ValueTask<DeadLetter?> FindDeadLetterAsync(MessageId messageId, CancellationToken cancellationToken) => RunAsync(
        binding =>
        {
            var (nonce, stored) = binding.Database.Read(() => binding.Load() is var row ? (row.Nonce, FindLetter(binding, row, messageId)) : default);
            return stored is null ? null : ReadLetter(binding, stored, nonce);
        },
        cancellationToken);

    /// <inheritdoc />
    public override async ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        var answer = await RunAsync(binding => Replay(binding, messageId), cancellationToken).ConfigureAwait(false);
        if (answer.Status == ReplayStatus.Replayed) RaiseChanged(LedgerChange.Backlog);
        return answer;
    }

    /// <inheritdoc />
    public override ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken) => RunAsync(
        binding => binding.Drain(() => binding.Database.Write(() => Purge(binding, messageId))), cancellationToken);

    private static bool Purge(Binding binding, MessageId messageId)
    {
        var row = binding.Load();
        if (binding.Tables.Ids.Get(row, messageId, binding.Now) is not { Letter: { } number } entry) return false;
        binding.Tables.Purge(row, number, entry.Answer, binding.Now, binding.Options);
        binding.Tables.Publishers.Save(row);
        return true;
    }

    private static ReplayAnswer Replay(Binding binding, MessageId messageId)
    {
        StoredLetter? unreadable = null;
        var problem = "";
        if (!binding.Reserve.IsKept()) return new ReplayAnswer(ReplayStatus.Full);
        ReplayAnswer answer;
        try
        {
            answer = binding.Database.Write(() => Replay(binding, messageId, out unreadable, out problem));
        }
        catch (LedgerUnavailableException error) when (SqliteErrors.IsFull(error))
        {
            return new ReplayAnswer(ReplayStatus.Full);
        }

        if (unreadable is not null) PutAsideLetter(binding, unreadable, problem);
        return answer;
    }

    private static ReplayAnswer Replay(Binding binding, MessageId messageId, out StoredLetter? unreadable, out string problem)
    {
        (unreadable, problem) = (null, "");
        var (row, tables) = (binding.Load(), binding.Tables);
        if (FindLetter(binding, row, messageId) is not { } stored)
        {
            var flying = new Lazy<Dictionary<long, string?>>(() => tables.Inflight.Sequences(row).ToDictionary(entry => entry.Sequence, entry => entry.MessageId), LazyThreadSafetyMode.None);
            var isLive = tables.Find(row, messageId, flying, binding.Now).Status is LedgerStatus.Pending or LedgerStatus.Confirmed;
            return new ReplayAnswer(isLive ? ReplayStatus.AlreadyLive : ReplayStatus.NotFound);
        }

        if (!RecordBuffer.TryDecode(AsRecord(stored), row.Nonce, out var record, out var why))
        {
            (unreadable, problem) = (stored, why);
            return new ReplayAnswer(ReplayStatus.NotFound);
        }

        if (!row.HasRoomFor(1, stored.Record.Length, binding.Options)) return new ReplayAnswer(ReplayStatus.Full);
        var sequence = ++row.Tail;
        row.Accepted++;
        tables.Dead.Remove(row, stored.Number);
        tables.Backlog.Append(row, record with { Sequence = sequence, Refusals = 0 });
        tables.Ids.Keep(row, new StatusAnswer(messageId, LedgerStatus.Pending, sequence));
        tables.Traces.Leave(row, sequence); // There is no automatic id of this sequence.
        tables.Publishers.Save(row);
        return new ReplayAnswer(ReplayStatus.Replayed, sequence);
    }

    private static StoredLetter? FindLetter(Binding binding, PublisherRow row, MessageId messageId) =>
        binding.Tables.Ids.Get(row, messageId, binding.Now)?.Letter is { } number ? binding.Tables.Dead.Get(row, number) : null;

    private static DeadLetter? ReadLetter(Binding binding, StoredLetter stored, ulong nonce)
    {
        if (RecordBuffer.TryDecode(AsRecord(stored), nonce, out var record, out var problem)) return new DeadLetter(record, stored.Reason, stored.FailedAt) { Number = stored.Number };
        PutAsideLetter(binding, stored, problem);
        return null;
    }

    private static StoredRecord AsRecord(StoredLetter letter) => new(letter.Sequence, RecordBuffer.StoredId(letter.MessageId, letter.Sequence), letter.Record);
}
