using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// After a loss of writes: what the owner still has in memory goes back.
public sealed partial class RedisAckLedger
{
    // What is staged and never used is gone after this time.
    private static readonly TimeSpan StagedLife = TimeSpan.FromMinutes(10);

    /// <inheritdoc />
    /// <remarks>
    /// One <c>EVALSHA</c> that replaces what is in flight and the known head of the backlog, adds what is missing behind it, and lets the tail jump. The records go to the server before
    /// it, in parts, to a key of their own. It works also when all keys are gone (<c>FLUSHALL</c>, an empty server), unless a process that knew nothing of the old ledger has begun another
    /// one in its place.
    /// </remarks>
    public override async ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(restore);
        var binding = Bound(cancellationToken);
        var keys = binding.Keys;
        await PutAsideAgainAsync(binding, restore.Epoch, cancellationToken).ConfigureAwait(false);
        restore = _putAside.AddTo(restore);
        if (_held is var held && held.Token == restore.Epoch.Token) restore = restore with { Tail = Math.Max(restore.Tail, held.Tail) };
        var arguments = RestoreArguments.Of(restore, keys, binding.Options, Schema, _putAside.Unread);
        var staged = keys.Staged(restore.Epoch);
        RedisKey[] all =
        [
            keys.Header, keys.Lease, keys.Inflight, keys.State, keys.Backlog, staged, keys.Dead, keys.DeadOrder, keys.Ids, keys.Done0, keys.Done1, keys.Ended, keys.Restored,
            keys.Taken, keys.Never,
        ];
        while (true)
        {
            var reply = (RedisValue[])(await binding.Link.RunAsync(RedisScript.Restore, all, arguments.Values, cancellationToken).ConfigureAwait(false))!;
            switch ((string)reply[0]!)
            {
                case "RESTORED":
                    var lost = new SequenceRange((long)reply[3] + 1, (long)reply[4]).Without(restore.Known);
                    Learn(restore.Epoch.Token, held => held with { Operation = restore.Operation, Tail = (long)reply[1] });
                    return new RestoreResult { Status = RestoreStatus.Restored, Tail = (long)reply[1], BacklogCount = (long)reply[2], Lost = lost };
                case "FENCED":
                    Forget(restore.Epoch.Token);
                    return new RestoreResult { Status = RestoreStatus.Fenced };
                default:
                    foreach (var part in arguments.Staged(Milliseconds(StagedLife)))
                        await binding.Link.RunAsync(RedisScript.Stage, [staged], part, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }

    /// <summary>A record that could not be read has come back with the loss: it goes out of the way again before the rest is put in order.</summary>
    private async Task PutAsideAgainAsync(Binding binding, LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        foreach (var record in _putAside.Records)
        {
            foreach (var token in new[] { epoch.Token, epoch.Previous ?? "" })
            {
                try
                {
                    await QuarantineAsync(binding, record.Place, record.Key, record.Field, record.Bytes, record.Problem, token, cancellationToken).ConfigureAwait(false);
                    break;
                }
                catch (LedgerFencedException)
                {
                    // The epoch before this one, or somebody else's: that the restore itself will say.
                }
            }
        }
    }
}
