using BenchmarkDotNet.Attributes;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>A record of the ledger to bytes and back.</summary>
public class RecordCodecBenchmarks
{
    private const ulong Nonce = 7;

    private readonly LedgerRecord _record = Messages.Record(MqttQualityOfServiceLevel.ExactlyOnce, 42, MessageId.ForSequence(Nonce, 42));
    private byte[] _bytes = [];

    [GlobalSetup]
    public void Encode() => _bytes = RecordCodec.Encode(_record);

    [Benchmark]
    public int Write()
    {
        RecordCodec.Write(_record, _bytes);
        return _bytes[^1];
    }

    [Benchmark]
    public bool Read() => RecordCodec.TryDecode(_bytes, Nonce, out _, out _);
}
