using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>The commits of a publisher whose callers come one after the other: each stores a message, and the confirm of the one before.</summary>
internal sealed class OwnLedger : IAsyncDisposable
{
    private readonly RedisAckLedger _ledger;
    private readonly LedgerEpoch _epoch;
    private readonly ulong _nonce;
    private long _tail;
    private long _operation;
    private ConfirmOp? _last;

    private OwnLedger(RedisAckLedger ledger, LedgerEpoch epoch, RecoveredState state) => (_ledger, _epoch, _nonce, _tail) = (ledger, epoch, state.LedgerNonce, state.Tail);

    public static async Task<OwnLedger> OpenAsync(string address, CancellationToken cancellationToken)
    {
        var ledger = new RedisAckLedger(address);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "bench-floor" }, cancellationToken);
        var epoch = (await ledger.AcquireAsync(cancellationToken)).Epoch ?? throw new InvalidOperationException("Somebody has the lease.");
        return new OwnLedger(ledger, epoch, await ledger.RecoverAsync(epoch, cancellationToken));
    }

    public async Task CommitAsync()
    {
        var record = Micro.Messages.Record(MqttQualityOfServiceLevel.AtLeastOnce).Stamp(_nonce, _tail + 1);
        var packetId = new PacketId((ushort)(1 + (record.Sequence % 2)));
        var result = await _ledger.CommitAsync(new LedgerCommit
        {
            Epoch = _epoch,
            Operation = ++_operation,
            ExpectedTail = _tail,
            At = DateTimeOffset.UtcNow,
            Confirms = _last is { } last ? [last] : [],
            Appends = [new AppendOp(record, packetId)],
            LowestUnfinished = _tail + 1,
        }, CancellationToken.None);
        if (result.Status != CommitStatus.Applied || result.Tail != record.Sequence) throw new InvalidOperationException($"The commit was not applied: {result.Status}.");
        _tail = result.Tail;
        _last = new ConfirmOp(packetId, record.Sequence, record.MessageId, 0);
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();
}
