using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Telemetry;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Records that cannot be read: put aside, and listed.
public sealed partial class RedisAckLedger
{
    private const int QuarantinedAtMost = 500;

    /// <inheritdoc />
    /// <remarks>One <c>EVALSHA</c>. At most 500 records and 4 MiB come at a time, but one record at least.</remarks>
    public override async ValueTask<QuarantinePage> ListQuarantineAsync(long afterNumber, int count, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Quarantined, [binding.Keys.Header, binding.Keys.Quarantine], [Math.Max(0, afterNumber), Math.Min(count, QuarantinedAtMost), PageBytes],
            cancellationToken).ConfigureAwait(false))!;
        var records = reply[1..].Chunk(2).Select(pair => QuarantineText.Parse((long)pair[0], (ReadOnlyMemory<byte>)pair[1])).ToList();
        return new QuarantinePage(records, reply[0] == "" ? null : (long)reply[0]);
    }

    private async Task QuarantineAsync(
        Binding binding, string place, RedisKey key, RedisValue field, RedisValue bytes, string problem, string token, CancellationToken cancellationToken)
    {
        var keys = binding.Keys;
        var reply = (RedisValue[])(await binding.Link.RunAsync(
            RedisScript.Quarantine, [keys.Header, key, keys.Quarantine, keys.Ended, keys.State, keys.DeadOrder, keys.Ids, keys.Never],
            [place, field, bytes, QuarantineText.Reason(problem), token, RecordCodec.GuessApplicationId(((ReadOnlyMemory<byte>)bytes).Span)],
            cancellationToken).ConfigureAwait(false))!;
        if (reply[0] == "FENCED") throw new LedgerFencedException("The epoch is stale: another process has acquired the lease.");
        if (reply[0] != 1) return;
        _putAside.Add(new PutAsideRecords.Record(place, key, field, bytes, problem), (string)reply[1]!);
        Log.Quarantined(binding.Logger, place, (string)field!, problem, (string)keys.Quarantine!);
    }
}
