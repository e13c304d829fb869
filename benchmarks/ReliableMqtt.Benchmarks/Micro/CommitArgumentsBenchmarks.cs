using BenchmarkDotNet.Attributes;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>The arguments of a commit for Redis: a window of appends and one of confirms. Figures are for one message.</summary>
public class CommitArgumentsBenchmarks
{
    private const ulong Nonce = 7;

    private readonly LedgerOpenOptions _options = new() { PublisherId = "micro" };
    private LedgerCommit? _commit;

    [GlobalSetup]
    public async Task Make()
    {
        var (epoch, _) = await Messages.OwnAsync();
        _commit = new LedgerCommit
        {
            Epoch = epoch,
            Operation = 1,
            ExpectedTail = 999,
            At = Messages.Now,
            Appends = [.. Enumerable.Range(0, Messages.Window).Select(i => new AppendOp(Messages.Record(MqttQualityOfServiceLevel.AtLeastOnce, 1_000 + i), Messages.PacketIdOf(i)))],
            Confirms =
            [
                .. Enumerable.Range(0, Messages.Window).Select(i => new ConfirmOp(
                    Messages.PacketIdOf(Messages.Window + i), 1 + i, MessageId.ForSequence(Nonce, 1 + i), 0)),
            ],
        };
    }

    [Benchmark(OperationsPerInvoke = Messages.Window)]
    public int Build() => CommitArguments.Of(_commit!, _options, isOutOfMemory: false, []).Values.Length;
}
