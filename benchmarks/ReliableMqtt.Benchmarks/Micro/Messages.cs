using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>What all micro-benchmarks are made of: a full window of messages of 128 bytes.</summary>
internal static class Messages
{
    public const int Window = 256;

    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static LedgerRecord Record(MqttQualityOfServiceLevel qos, long sequence = 0, MessageId messageId = default) => new()
    {
        Sequence = sequence,
        MessageId = messageId,
        Topic = Cell.Topic,
        Payload = new byte[128],
        QualityOfService = qos,
        AcceptedAt = Now,
    };

    public static PacketId PacketIdOf(int index) => new((ushort)(PacketId.Min + index));

    /// <summary>The ownership of a new ledger in memory.</summary>
    public static async Task<(LedgerEpoch Epoch, RecoveredState State)> OwnAsync()
    {
        var ledger = new InMemoryAckLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "micro" }, CancellationToken.None);
        var grant = await ledger.AcquireAsync(CancellationToken.None);
        return (grant.Epoch!.Value, await ledger.RecoverAsync(grant.Epoch.Value, CancellationToken.None));
    }
}
