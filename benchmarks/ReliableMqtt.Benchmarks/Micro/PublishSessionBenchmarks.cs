using BenchmarkDotNet.Attributes;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>The whole life of a window of messages in the session, with a ledger and a broker that answer at once. Figures are for one message.</summary>
public class PublishSessionBenchmarks
{
    private const int Connection = 1;

    private readonly List<Ack> _acks = [];
    private PublishSession? _session;

    [GlobalSetup]
    public async Task Connect()
    {
        var (epoch, state) = await Messages.OwnAsync();
        _session = new PublishSession(new SessionSettings { MaxInFlight = Messages.Window }, epoch, state);
        _session.OnConnected(new ConnectionInfo(Connection, SessionPresent: false), Messages.Now);
        Turn();
    }

    [Benchmark(OperationsPerInvoke = Messages.Window)]
    public long AtLeastOnce() => Live(Messages.Record(MqttQualityOfServiceLevel.AtLeastOnce));

    [Benchmark(OperationsPerInvoke = Messages.Window)]
    public long ExactlyOnce() => Live(Messages.Record(MqttQualityOfServiceLevel.ExactlyOnce));

    private long Live(LedgerRecord record)
    {
        for (var i = 0; i < Messages.Window; i++) _session!.Enqueue(record, ticket: null);
        do Turn();
        while (Answer());
        if (_session!.Pending != 0) throw new InvalidOperationException($"{_session.Pending} messages are left.");
        return _session.Tail;
    }

    private void Turn()
    {
        while (_session!.BuildCommit(Messages.Now) is { } commit)
        {
            _session.OnCommitted(new CommitResult { Status = CommitStatus.Applied, Tail = commit.ExpectedTail + commit.Appends.Count }, Messages.Now);
        }
    }

    /// <summary>Acknowledges what was sent. False when nothing was.</summary>
    private bool Answer()
    {
        foreach (var sent in _session!.Outputs.Sends)
        {
            _acks.Add(new Ack(sent.Record switch
            {
                null => AckKind.PubComp,
                { QualityOfService: MqttQualityOfServiceLevel.ExactlyOnce } => AckKind.PubRec,
                _ => AckKind.PubAck,
            }, sent.PacketId));
        }

        _session.Outputs.Clear();
        foreach (var ack in _acks) _session.OnAck(Connection, ack, Messages.Now);
        var any = _acks.Count > 0;
        _acks.Clear();
        return any;
    }
}
