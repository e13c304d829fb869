using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Whoever waits for the end of a message must not be told that it is pending when its end has been told already: he would wait for ever.</summary>
public class WhereaboutsTests
{
    private static readonly SessionSettings Minute = new() { RetryDelay = _ => TimeSpan.FromMinutes(1) };

    private static LedgerRecord Foreign(long sequence) =>
        new() { Sequence = sequence, MessageId = new MessageId($"f{sequence}"), Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };

    /// <summary>Sends as many, of which the first stays in flight; the others are confirmed unless told otherwise.</summary>
    private static SessionHarness Started(int messages, params int[] stay)
    {
        var h = new SessionHarness(Minute);
        h.Connect(sessionPresent: false);
        for (var i = 0; i < messages; i++) h.Enqueue(qos: 1);
        h.Turn();
        foreach (var packet in h.TakeSent().Skip(1).Where(packet => !stay.Contains((int)packet.Record!.Sequence))) h.Ack(AckKind.PubAck, packet.PacketId);
        return h;
    }

    [Fact]
    public void What_has_ended_before_the_oldest_one_is_not_in_the_backlog()
    {
        var h = new SessionHarness(Minute);
        h.Connect(sessionPresent: false);
        h.Enqueue("refused", qos: 1);
        h.Enqueue("confirmed", qos: 1);
        h.Turn();
        var sent = h.TakeSent();
        h.Ack(AckKind.PubAck, sent[0].PacketId, 0x80); // Holds back those that were not sent yet.
        h.Ack(AckKind.PubAck, sent[1].PacketId);
        h.Enqueue("waits", qos: 1);
        h.Turn();
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(1, sent[0].Record!.MessageId));
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(2, sent[1].Record!.MessageId));
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(3, h.Completions[^1].Record.MessageId));
    }

    [Fact]
    public void The_next_process_knows_that_all_up_to_the_last_one_in_flight_have_left_the_backlog()
    {
        var h = Started(3, stay: 3);
        h.Cut();
        h.Enqueue("waits", qos: 1);
        h.Turn();
        h.Crash();
        Assert.Equal(2, h.Session.InFlight);
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(2, default));
    }

    [Theory]
    [InlineData(0)] // None stays in flight.
    [InlineData(1)]
    public void The_next_process_calls_nothing_pending_that_the_one_before_has_seen_confirmed(int stays)
    {
        var h = new SessionHarness(Minute);
        h.Connect(sessionPresent: false);
        for (var i = 0; i < 3; i++) h.Enqueue(qos: 1);
        h.Turn();
        var sent = h.TakeSent();
        foreach (var packet in sent.Where(packet => packet.Record!.Sequence != stays)) h.Ack(AckKind.PubAck, packet.PacketId);
        h.Cut();
        h.Enqueue("waits", qos: 1);
        h.Turn();
        var waiting = h.Completions[^1].Record;
        h.Crash();
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(3, sent[2].Record!.MessageId));
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(waiting.Sequence, waiting.MessageId));

        h.Turn(); // It has read where the backlog begins.
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(3, sent[2].Record!.MessageId));
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(waiting.Sequence, waiting.MessageId));
    }

    [Fact]
    public void The_next_process_looks_for_nothing_in_an_empty_backlog()
    {
        var h = Started(3);
        h.Crash();
        Assert.Equal(1, h.Session.InFlight);
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(3, default));
    }

    [Fact]
    public void A_session_goes_on_where_the_ledger_stands_and_calls_nothing_finished_above_its_tail()
    {
        var session = new PublishSession(new SessionSettings(), new LedgerEpoch("e"), new RecoveredState(7, 5, 0, BrokerSession.Established, [], 1));
        session.OnWork();
        Assert.True(session.TryBeginRead(out _, out _));
        session.OnBacklog([Foreign(10)]);
        Assert.Equal(6, session.LowestUnfinished);

        session.OnConnected(new ConnectionInfo(1, SessionPresent: true), default);
        var commit = session.BuildCommit(default)!;
        Assert.Equal((8L, 6L), (commit.Operation, commit.LowestUnfinished));
        Assert.Single(commit.Assigns);
        Assert.Equal(6, session.LowestUnfinished);
    }

    [Fact]
    public void What_is_still_to_be_read_begins_behind_the_last_page()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 1, Prefetch = 1 });
        h.Enqueue("in memory", qos: 1);
        h.Enqueue("behind it", qos: 1);
        h.Commit(h.Session.BuildCommit(h.Now)!);
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        h.Commit(h.Session.BuildCommit(h.Now)!);
        h.Session.OnAck(1, new Ack(AckKind.PubAck, Assert.Single(h.TakeSent()).PacketId), h.Now);
        Assert.Equal(2, h.Session.BuildCommit(h.Now)!.LowestUnfinished);
    }
}
