using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Messages that were given up: listed, replayed, purged.
public sealed partial class RedisAckLedger
{
    private const int LettersAtMost = 500;

    /// <inheritdoc />
    /// <remarks>At most 500 come at a time (<c>ZRANGEBYSCORE</c>, <c>HMGET</c>).</remarks>
    public override async ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var after = 0L;
        if (continuation is not null && !long.TryParse(continuation, NumberStyles.None, CultureInfo.InvariantCulture, out after))
            throw new ArgumentException($"'{continuation}' is not a continuation of a dead letter page.", nameof(continuation));

        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Dead, [binding.Keys.DeadOrder, binding.Keys.Dead], [after, Math.Min(count, LettersAtMost)], cancellationToken).ConfigureAwait(false))!;
        var letters = new List<DeadLetter>();
        for (var i = 2; i < reply.Length; i += 3)
        {
            if (DeadLetterCodec.TryDecode((ReadOnlyMemory<byte>)reply[i + 2], binding.Nonce, out var letter, out var problem))
                letters.Add(letter with { Number = (long)reply[i + 1] });
            else await QuarantineAsync(binding, "dead", binding.Keys.Dead, reply[i], reply[i + 2], problem, "", cancellationToken).ConfigureAwait(false);
        }

        return new DeadLetterPage(letters, (int)reply[0] == 1 ? (string)reply[^2]! : null) { Youngest = (long)reply[1] };
    }

    /// <inheritdoc />
    public override async ValueTask<DeadLetter?> FindDeadLetterAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        var found = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Letter, [keys.Header, keys.DeadOrder, keys.Dead], [messageId.Value], cancellationToken).ConfigureAwait(false))!;
        if (found[1] == "") return null;
        if (DeadLetterCodec.TryDecode((ReadOnlyMemory<byte>)found[2], binding.Nonce, out var letter, out var problem))
            return letter with { Number = (long)found[1] };
        await QuarantineAsync(binding, "dead", keys.Dead, messageId.Value, found[2], problem, "", cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc />
    public override async ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        long? tail = null;
        var begun = binding.Link.Time.GetTimestamp();
        while (true)
        {
            var found = (RedisValue[])(await binding.Link.RunAsync(
                RedisScript.Letter, [keys.Header, keys.DeadOrder, keys.Dead], [messageId.Value], cancellationToken).ConfigureAwait(false))!;
            tail ??= (long)found[0];
            if (found[1] == "") return await NotDeadAsync(messageId, tail.Value, cancellationToken).ConfigureAwait(false);
            if (!DeadLetterCodec.TryDecode((ReadOnlyMemory<byte>)found[2], binding.Nonce, out var letter, out var problem))
            {
                await QuarantineAsync(binding, "dead", keys.Dead, messageId.Value, found[2], problem, "", cancellationToken).ConfigureAwait(false);
                continue;
            }

            // With the sequence still to come, also an automatic id is stored in full: it is no longer that of its sequence.
            var record = RecordCodec.Encode(letter.Record with { Sequence = long.MaxValue, Refusals = 0 });
            try
            {
                var reply = (RedisValue[])(await binding.Link.RunAsync(
                    RedisScript.Replay, [keys.Header, keys.Inflight, keys.Backlog, keys.Dead, keys.DeadOrder, keys.Ids, keys.Ended, keys.Never],
                    [messageId.Value, found[1], record, binding.Options.MaxPending, binding.Options.MaxPendingBytes, (string)keys.Wake!],
                    cancellationToken).ConfigureAwait(false))!;
                if (reply[0] == "REPLAYED") return new ReplayAnswer(ReplayStatus.Replayed, (long)reply[1]);
                if (reply[0] == "FULL") return new ReplayAnswer(ReplayStatus.Full);
                if (reply[0] == "UNVERIFIED")
                {
                    RaiseLossSuspected();
                    if (binding.Link.Time.GetElapsedTime(begun) > AcceptPatience)
                        throw new LedgerUnavailableException("Redis was restarted, and no owner of this publisher id has looked yet at what is left. Nothing was replayed.");
                    await Task.Delay(AcceptPause, binding.Link.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (LedgerUnavailableException error) when (RedisLink.IsOutOfMemory(error))
            {
                return new ReplayAnswer(ReplayStatus.Full);
            }
        }
    }

    // It never was, is no longer, or an attempt whose answer was lost has replayed it: then its sequence is younger than this call.
    private async Task<ReplayAnswer> NotDeadAsync(MessageId messageId, long tail, CancellationToken cancellationToken)
    {
        var status = (await FindAsync([messageId], cancellationToken).ConfigureAwait(false))[0];
        if (status.Status == LedgerStatus.Pending && status.Sequence > tail) return new ReplayAnswer(ReplayStatus.Replayed, status.Sequence);
        return new ReplayAnswer(status.Status is LedgerStatus.Pending or LedgerStatus.Confirmed ? ReplayStatus.AlreadyLive : ReplayStatus.NotFound);
    }

    /// <inheritdoc />
    public override async ValueTask<bool> PurgeAsync(MessageId messageId, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        var found = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Letter, [keys.Header, keys.DeadOrder, keys.Dead], [messageId.Value], cancellationToken).ConfigureAwait(false))!;
        if (found[1] == "") return false;
        var reply = await binding.Link.RunAsync(
            RedisScript.Purge, [keys.Header, keys.Dead, keys.DeadOrder, keys.Ids, keys.Done0, keys.Done1, keys.Never], [messageId.Value], cancellationToken).ConfigureAwait(false);

        // It was there a moment ago: an attempt whose answer was lost has purged it.
        return (int)reply == 1 || (await FindAsync([messageId], cancellationToken).ConfigureAwait(false))[0].Status == LedgerStatus.Purged;
    }
}
