using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// What is there: receipts, counts, pages of the backlog.
public sealed partial class RedisAckLedger
{
    // A page of the backlog, in bytes: enough for one trip, not enough to be felt.
    private const int PageBytes = 4 << 20;

    // To tell the oldest message the in-flight records are looked through, unless there are more bytes of them.
    private const int LookThroughBytes = 4 << 20;

    /// <inheritdoc />
    public override async ValueTask<IReadOnlyList<StatusAnswer>> FindAsync(IReadOnlyList<MessageId> messageIds, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentNullException.ThrowIfNull(messageIds);
        var answers = new List<StatusAnswer>(messageIds.Count);
        foreach (var some in messageIds.Chunk(500)) answers.AddRange(await FindSomeAsync(binding, some, cancellationToken).ConfigureAwait(false));
        return answers;
    }

    private async Task<IEnumerable<StatusAnswer>> FindSomeAsync(Binding binding, MessageId[] messageIds, CancellationToken cancellationToken)
    {
        var keys = binding.Keys;
        var begun = binding.Link.Time.GetTimestamp();
        var isSettled = false;
        while (true)
        {
            var nonce = binding.Nonce;
            var values = new RedisValue[2 * messageIds.Length];
            for (var i = 0; i < messageIds.Length; i++)
            {
                var id = messageIds[i];
                values[2 * i] = id.Value;
                values[(2 * i) + 1] = id.TryGetSequence(out var sequence) && id.LedgerNonce == nonce ? sequence : RedisValue.EmptyString;
            }

            var reply = (RedisValue[])(await binding.Link.RunAsync(
                RedisScript.Find, [keys.Header, keys.Ids, keys.Done0, keys.Done1, keys.Ended, keys.Restored], values, cancellationToken).ConfigureAwait(false))!;
            if (reply[0] != binding.NonceText && reply[0] != "")
            {
                // Another ledger began since this one was opened: what an automatic id of the old one says is unknown here.
                await CreateAsync(binding, cancellationToken).ConfigureAwait(false);
                continue;
            }

            var answers = messageIds.Select((id, i) => StatusText.Parse(id, (string)reply[i + 2]!)).ToList();
            if (reply[1] == 1 || answers.TrueForAll(answer => answer.Status != LedgerStatus.Unknown))
            {
                if (isSettled || !await FoundAgainAsync(binding, answers, cancellationToken).ConfigureAwait(false)) return answers;
                isSettled = true;
                continue;
            }

            // What is not there may come back yet, from the memory of an owner.
            RaiseLossSuspected();
            if (binding.Link.Time.GetElapsedTime(begun) > AcceptPatience)
                throw new LedgerUnavailableException("Redis was restarted, and what it no longer has is not known before an owner of this publisher id has looked: ask again.");
            await Task.Delay(AcceptPause, binding.Link.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public override async ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        var raw = (RedisResult[])(await binding.Link.RunAsync(
            RedisScript.Statistics, [keys.Header, keys.Inflight, keys.Backlog, keys.DeadOrder, keys.Quarantine], [LookThroughBytes], cancellationToken).ConfigureAwait(false))!;
        RedisValue[] reply = [.. raw.Select(part => part.Length < 0 ? (RedisValue)part : default)];
        DateTimeOffset? oldest = null;
        var lowest = long.MaxValue;
        foreach (var bytes in reply[8..])
        {
            if (!RecordCodec.TryDecode((ReadOnlyMemory<byte>)bytes, binding.Nonce, out var record, out _) || record.Sequence >= lowest) continue;
            (lowest, oldest) = (record.Sequence, record.AcceptedAt);
        }

        var counted = ((RedisValue[])raw[7]!).Select(value => value.IsNull ? 0 : (long)value).ToArray();
        return new LedgerStatistics((long)reply[0], (long)reply[1], (long)reply[2], (long)reply[3], oldest, (long)reply[4], (long)reply[5], (long)reply[6],
            new LedgerTotals(counted[0], counted[1], counted[2], counted[3], counted[4]));
    }

    /// <inheritdoc />
    public override async ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var page = new List<LedgerRecord>();
        while (true)
        {
            var reply = (RedisValue[])(await binding.Link.RunAsync(
                RedisScript.Backlog, [binding.Keys.Header, binding.Keys.Backlog], [afterSequence, count, PageBytes], cancellationToken).ConfigureAwait(false))!;
            foreach (var bytes in reply[1..])
            {
                if (TryRead(bytes, binding.Nonce, (long)reply[0], out var record, out var problem)) page.Add(record);
                else await QuarantineAsync(binding, "backlog", binding.Keys.Backlog, "", bytes, problem, "", cancellationToken).ConfigureAwait(false);
            }

            // An empty page says that there is no more: never when all of it was unreadable.
            if (page.Count == 0 && reply.Length > 1) continue;

            // What an owner has read it counts on: a server that has it no longer has lost it, whoever had put it there.
            if (page.Count > 0) Learn(_held.Token, held => held with { Tail = Math.Max(held.Tail, page[^1].Sequence) });
            return page;
        }
    }

    /// <summary>Decodes a record, and looks whether its sequence, which no checksum covers, was ever given out.</summary>
    private static bool TryRead(RedisValue bytes, ulong nonce, long tail, [NotNullWhen(true)] out LedgerRecord? record, [NotNullWhen(false)] out string? problem)
    {
        if (!RecordCodec.TryDecode((ReadOnlyMemory<byte>)bytes, nonce, out record, out problem)) return false;
        if (record.Sequence <= tail) return true;
        problem = string.Create(CultureInfo.InvariantCulture, $"has sequence {record.Sequence}, and {tail} is the last one that was given out");
        return false;
    }
}
