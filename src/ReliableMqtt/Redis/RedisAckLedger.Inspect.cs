using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// For people who look: who dispatches, and what is pending.
public sealed partial class RedisAckLedger
{
    private const int PendingAtMost = 500;

    // Where thousands of records in a row have no sequence, the list ends: the owner puts them aside as it comes upon them.
    private const int LookAheadAtMost = 8_000;

    /// <inheritdoc />
    public override async ValueTask<LedgerOverview> GetOverviewAsync(CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Overview, [binding.Keys.Header, binding.Keys.Lease], [], cancellationToken).ConfigureAwait(false))!;
        if (reply.Length == 0) throw Missing(binding);
        var (lease, left, epoch) = ((string)reply[0]!, TimeSpan.FromMilliseconds(Math.Max(0, (long)reply[1])), (string)reply[2]!);

        // A token that was given back has lost the second half of its nonce, as release.lua says.
        var state = lease == "grace" ? LeaseState.Grace
            : epoch.Length <= 32 ? LeaseState.Free
            : lease == epoch ? LeaseState.Held
            : LeaseState.Expired;
        var owner = OwnerDescription.TryParse((string)reply[3]!, out var process) ? $"process {process.Pid.ToString(CultureInfo.InvariantCulture)} on {process.Host}" : (string)reply[3]!;
        return new LedgerOverview(
            state, state == LeaseState.Free ? null : owner, state is LeaseState.Held or LeaseState.Grace ? left : null,
            (long)reply[4], (long)reply[5], SessionText.Parse((string)reply[6]!));
    }

    /// <inheritdoc />
    /// <remarks>
    /// One <c>EVALSHA</c>, which looks at everything in flight and finds its place in the backlog by bisection. At most 500 messages and 4 MiB of each come at a time. For the
    /// sake of records whose sequence cannot be read a page may have more than was asked for.
    /// </remarks>
    public override async ValueTask<PendingPage> ListPendingAsync(long afterSequence, int count, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var keys = binding.Keys;
        var after = Math.Max(0, afterSequence);
        count = Math.Min(count, PendingAtMost);
        for (var lookAt = count + 1; ; lookAt *= 8)
        {
            var reply = (RedisResult[])(await binding.Link.RunAsync(
                RedisScript.Pending, [keys.Header, keys.Inflight, keys.State, keys.Backlog], [after, lookAt, PageBytes], cancellationToken).ConfigureAwait(false))!;
            var tail = (long)reply[0];
            var inFlight = ((RedisValue[])reply[1]!).Chunk(3).Select(entry => Show(entry[0], entry[1], entry[2], binding.Nonce, tail)).ToList();
            var waiting = ((RedisValue[])reply[3]!).Select(bytes => Show(bytes, binding.Nonce, tail)).ToList();
            var order = new PendingOrder(after, inFlight, (int)reply[2] == 1, waiting, (int)reply[4] == 1);
            if (order.TryTakePage(count, out var page) || lookAt > LookAheadAtMost) return page;
        }
    }

    private static (long Sequence, PendingEntry Entry) Show(RedisValue packetId, RedisValue state, RedisValue bytes, ulong nonce, long tail)
    {
        var sequence = SequenceOf(bytes, tail);
        if (TryReadEntry(packetId, bytes, state == "" ? null : (string?)state, nonce, tail, out var entry, out var problem))
            return (sequence, new PendingEntry { Record = entry!.Record, PacketId = entry.PacketId, State = entry.State });
        return (sequence, new PendingEntry { Problem = problem, PacketId = ushort.TryParse((string?)packetId, CultureInfo.InvariantCulture, out var id) ? new PacketId(id) : null });
    }

    private static (long Sequence, PendingEntry Entry) Show(RedisValue bytes, ulong nonce, long tail) =>
        (SequenceOf(bytes, tail), TryRead(bytes, nonce, tail, out var record, out var problem) ? new PendingEntry { Record = record } : new PendingEntry { Problem = problem });

    // 0 where it is none that was given out.
    private static long SequenceOf(RedisValue bytes, long tail) => RecordCodec.GuessSequence(((ReadOnlyMemory<byte>)bytes).Span) is > 0 and var sequence && sequence <= tail ? sequence : 0;
}
