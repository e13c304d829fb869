using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests;

/// <summary>What a message costs in the session when it runs on and on: counted on this thread and not timed, so that no busy machine can fail it.</summary>
public sealed class SessionCostTests(ITestOutputHelper output)
{
    private const int Window = 256, Warmup = 20, Rounds = 100;

    private readonly DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private readonly List<Ack> _acks = new(Window);
    private long _tail;

    [Theory]
    [InlineData(MqttQualityOfServiceLevel.AtLeastOnce)]
    [InlineData(MqttQualityOfServiceLevel.ExactlyOnce)]
    public void A_message_takes_next_to_nothing_in_the_session(MqttQualityOfServiceLevel qos)
    {
        var bytes = Run(Session(poisons: false), qos);
        output.WriteLine($"{qos}: {bytes:0.00} B a message");
        Assert.InRange(bytes, 0, 6);
    }

    [Fact]
    public void A_message_takes_its_handshake_where_none_serves_a_second_time() =>
        Assert.InRange(Run(Session(poisons: true), MqttQualityOfServiceLevel.AtLeastOnce), 100, 200);

    [Fact]
    public void Confirms_that_share_commits_with_new_messages_cost_no_more()
    {
        var session = Session(poisons: false);
        var records = Records(MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.InRange(Count(() =>
        {
            // Half a window at a time: a commit has the confirms of the half before.
            for (var i = 0; i < Window / 2; i++) session.Enqueue(records.Dequeue(), null);
            Commit(session);
            Answer(session);
        }) / (Window / 2), 0, 8);
    }

    private double Run(PublishSession session, MqttQualityOfServiceLevel qos)
    {
        var records = Records(qos);
        return Count(() =>
        {
            for (var i = 0; i < Window; i++) session.Enqueue(records.Dequeue(), null);
            do Commit(session);
            while (Answer(session) > 0);
            Commit(session);
            Assert.Equal(0, session.InFlight);
        }) / Window;
    }

    /// <summary>The bytes of a round, when many have gone before.</summary>
    private static double Count(Action round)
    {
        for (var i = 0; i < Warmup; i++) round();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++) round();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Rounds;
    }

    private PublishSession Session(bool poisons)
    {
        var session = new PublishSession(
            new SessionSettings { MaxInFlight = Window, MaxBatch = 2 * Window, PoisonsHandshakes = poisons }, new LedgerEpoch("token"), new RecoveredState(0, 0, 0, BrokerSession.Established, [], 7));
        session.OnConnected(new ConnectionInfo(1, SessionPresent: true), _now);
        return session;
    }

    private static Queue<LedgerRecord> Records(MqttQualityOfServiceLevel qos) => new(Enumerable.Range(0, Window * (Warmup + Rounds))
        .Select(_ => new LedgerRecord { Topic = "bench/topic", Payload = new byte[128], QualityOfService = qos, AcceptedAt = DateTimeOffset.UnixEpoch }));

    private void Commit(PublishSession session)
    {
        while (session.BuildCommit(_now) is { } commit)
        {
            _tail += commit.Appends.Count;
            Assert.Null(session.OnCommitted(new CommitResult { Status = CommitStatus.Applied, Tail = _tail }, _now));
        }
    }

    /// <summary>The broker acknowledges all that has left. How much that was.</summary>
    private int Answer(PublishSession session)
    {
        _acks.Clear();
        foreach (var sent in session.Outputs.Sends)
        {
            var kind = sent.Record is not { } record ? AckKind.PubComp : record.QualityOfService == MqttQualityOfServiceLevel.AtLeastOnce ? AckKind.PubAck : AckKind.PubRec;
            _acks.Add(new Ack(kind, sent.PacketId));
        }

        session.Outputs.Clear();
        foreach (var ack in _acks) session.OnAck(1, ack, _now);
        return _acks.Count;
    }
}
