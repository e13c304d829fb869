using MQTTnet.Protocol;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Many messages: window, order, backlog, what the broker limits.</summary>
public class WindowAndOrderTests
{
    [Fact]
    [Conformance(23, 24)]
    public void No_more_are_in_flight_than_the_broker_allows()
    {
        var session = new SessionHarness();
        session.Connect(sessionPresent: false, receiveMaximum: 3);
        for (var i = 0; i < 10; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var sent = session.TakeSent();
        Assert.Equal(["t0", "t1", "t2"], sent.Select(p => p.Record!.Topic));

        session.Ack(AckKind.PubAck, sent[1].PacketId);

        Assert.Equal(["PUBLISH t3"], session.TakeSentTexts());
    }

    [Fact]
    [Conformance(21, 23)]
    public void Twenty_unacked_resends_count_against_a_receive_maximum_of_twenty()
    {
        var session = new SessionHarness();
        session.Connect(sessionPresent: false, receiveMaximum: 20);
        for (var i = 0; i < 40; i++) session.Enqueue($"t{i}");
        session.Turn();
        Assert.Equal(20, session.TakeSent().Count);

        session.Crash();
        session.Connect(receiveMaximum: 20);

        var resent = session.TakeSent();
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"t{i}"), resent.Select(p => p.Record!.Topic));
        Assert.All(resent, p => Assert.True(p.Dup));
    }

    [Fact]
    [Conformance(15, 21, 23)]
    public void Resends_beyond_a_lowered_receive_maximum_wait_and_come_before_anything_new()
    {
        var session = new SessionHarness();
        session.Connect(sessionPresent: false, receiveMaximum: 4);
        for (var i = 0; i < 6; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);

        session.Cut();
        session.Connect(receiveMaximum: 2);
        Assert.Equal(["PUBLISH t0 DUP", "PUBLISH t1 DUP"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, ids[0]);
        Assert.Equal(["PUBLISH t2 DUP"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, ids[1]);
        session.Ack(AckKind.PubAck, ids[2]);
        session.Ack(AckKind.PubAck, ids[3]);

        Assert.Equal(["PUBLISH t3 DUP", "PUBLISH t4", "PUBLISH t5"], session.TakeSentTexts());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_ack_for_a_message_whose_turn_on_the_connection_is_still_to_come_confirms_nothing(int qos)
    {
        var kind = qos == 1 ? AckKind.PubAck : AckKind.PubRec;
        var session = new SessionHarness();
        session.Connect(sessionPresent: false, receiveMaximum: 2);
        for (var i = 0; i < 2; i++) session.Enqueue($"t{i}", qos);
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);
        session.Cut();
        session.Connect(receiveMaximum: 1);
        Assert.Equal(["PUBLISH t0 DUP"], session.TakeSentTexts());

        session.Ack(kind, ids[1]);
        Assert.Equal(HandshakeError.NothingSent, Assert.Single(session.Strays).Error);
        Assert.Empty(session.TakeSentTexts());
        Assert.Empty(session.Outcomes());

        session.Ack(kind, ids[0]);
        if (qos == 2) session.Ack(AckKind.PubComp, ids[0]);
        Assert.Contains("PUBLISH t1 DUP", session.TakeSentTexts());
    }

    [Fact]
    [Conformance(21, 22)]
    public void Resends_keep_the_first_order_and_pubrels_that_of_their_pubrecs()
    {
        var session = new SessionHarness();
        session.Connect(sessionPresent: false);
        for (var i = 0; i < 5; i++) session.Enqueue($"t{i}");
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);
        session.Ack(AckKind.PubRec, ids[3]);
        session.Ack(AckKind.PubRec, ids[1]);

        session.Crash();
        session.Connect();

        var sent = session.TakeSent();
        Assert.Equal([ids[3], ids[1], ids[0], ids[2], ids[4]], sent.Select(p => p.PacketId));
        Assert.Equal([false, false, true, true, true], sent.Select(p => p.IsPublish));
    }

    [Fact]
    public void A_new_message_never_overtakes_the_backlog()
    {
        var session = new SessionHarness(new SessionSettings { Prefetch = 4, MaxBatch = 3, MaxInFlight = 2 });
        for (var i = 0; i < 30; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        session.Connect(sessionPresent: false);
        List<string> order = [];
        var next = 30;
        while (session.Sent.Count > 0)
        {
            var sent = session.TakeSent();
            order.AddRange(sent.Select(p => p.Record!.Topic));
            if (next < 40) session.Enqueue($"t{next++}", qos: 1);
            foreach (var packet in sent) session.Ack(AckKind.PubAck, packet.PacketId);
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"t{i}"), order);
        Assert.Equal(0, session.Session.Pending);
        Assert.Equal(41, session.Session.LowestUnfinished);
    }

    [Fact]
    public void A_commit_appends_no_more_bytes_than_get_through_at_once_but_at_least_one_message()
    {
        // Each counts a flat 64 and its topic of two characters.
        var session = new SessionHarness(new SessionSettings { MaxBatchBytes = 3 * 66 });
        for (var i = 0; i < 7; i++) session.Enqueue($"t{i}");
        session.Enqueue(new string('t', 500));
        session.Enqueue("t8");
        List<int> sizes = [];
        while (session.Session.BuildCommit(session.Now) is { } commit)
        {
            sizes.Add(commit.Appends.Count);
            session.Commit(commit);
        }

        Assert.Equal([3, 3, 1, 1, 1], sizes);
    }

    [Fact]
    public void Without_a_connection_messages_are_stored_and_get_no_packet_id()
    {
        var session = new SessionHarness();
        session.Enqueue();
        session.Turn();

        Assert.Contains(session.Completions, c => c.Kind == CompletionKind.Accepted);
        Assert.Empty(session.Recovered().InFlight);
        Assert.Equal(1, session.Recovered().BacklogCount);
    }

    [Fact]
    public void A_backlog_of_a_dead_process_is_sent_by_the_next()
    {
        var session = new SessionHarness();
        for (var i = 0; i < 5; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();

        session.Crash();
        session.Connect(sessionPresent: false);

        Assert.Equal(["PUBLISH t0", "PUBLISH t1", "PUBLISH t2", "PUBLISH t3", "PUBLISH t4"], session.TakeSentTexts());
    }

    [Fact]
    [Conformance(1, 4)]
    public void A_packet_id_is_free_only_after_its_confirm_is_stored()
    {
        var session = new SessionHarness(new SessionSettings { MaxInFlight = 1 });
        session.Connect(sessionPresent: false);
        session.Enqueue("a", qos: 1);
        session.Enqueue("b", qos: 1);
        session.Turn();
        var first = session.TakeSent()[0].PacketId;
        session.Ack(AckKind.PubAck, first, turn: false);

        var commit = session.Session.BuildCommit(session.Now)!;

        Assert.Equal(first, Assert.Single(commit.Confirms).PacketId);
        Assert.NotEqual(first, Assert.Single(commit.Assigns).PacketId);
    }

    [Fact]
    [Conformance(13)]
    public void An_expired_message_leaves_the_backlog_unsent_and_a_sent_one_never_expires()
    {
        var session = new SessionHarness(new SessionSettings { MaxInFlight = 1 });
        session.Connect(sessionPresent: false);
        session.Enqueue("sent", qos: 1, expiresAt: session.Now.AddSeconds(10));
        session.Enqueue("late", qos: 1, expiresAt: session.Now.AddSeconds(10));
        session.Enqueue("last", qos: 1);
        session.Turn();
        Assert.Equal(10u, session.Sent[0].ExpirySeconds);
        session.Cut();
        session.TakeSent();

        session.Advance(TimeSpan.FromMinutes(1));
        session.Connect();
        var resent = Assert.Single(session.TakeSent());
        Assert.Equal(("sent", true, 1u), (resent.Record!.Topic, resent.Dup, resent.ExpirySeconds));
        session.Ack(AckKind.PubAck, resent.PacketId);

        Assert.Equal(["PUBLISH last"], session.TakeSentTexts());
        Assert.Equal([PublishOutcome.Expired, PublishOutcome.Confirmed], session.Outcomes());
    }

    [Fact]
    [Conformance(26)]
    public void A_backlog_that_a_new_broker_cannot_take_becomes_dead_letters_not_downgrades()
    {
        var session = new SessionHarness();
        session.Enqueue("two", qos: 2);
        session.Enqueue("one", qos: 1);
        session.Turn();

        session.Connect(sessionPresent: false, maximumQoS: MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);

        Assert.Equal(["PUBLISH one"], session.TakeSentTexts());
        Assert.Equal([PublishOutcome.DeadLettered], session.Outcomes());
    }

    [Fact]
    [Conformance(16)]
    public void An_overdue_ack_asks_for_another_connection_once_and_never_resends_on_this_one()
    {
        var session = new SessionHarness(new SessionSettings { AckTimeout = TimeSpan.FromSeconds(30) });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();
        session.TakeSent();
        session.Advance(TimeSpan.FromSeconds(29));
        Assert.Null(session.Recycle);

        session.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(RecycleReason.AckOverdue, session.Recycle);
        session.Recycle = null;
        session.Advance(TimeSpan.FromSeconds(60));

        Assert.Null(session.Recycle);
        Assert.Empty(session.TakeSent());
        session.Cut();
        session.Connect();
        Assert.Equal(["PUBLISH t DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void A_full_ledger_refuses_new_messages_and_drains()
    {
        var session = new SessionHarness(maxPending: 2);
        session.Connect(sessionPresent: false);
        for (var i = 0; i < 4; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        session.Advance(TimeSpan.FromSeconds(1));
        var order = new List<string>();
        for (var guard = 0; guard < 100 && order.Count < 4; guard++)
        {
            foreach (var packet in session.TakeSent())
            {
                order.Add(packet.Record!.Topic);
                session.Ack(AckKind.PubAck, packet.PacketId);
            }

            session.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["t0", "t1", "t2", "t3"], order);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Behind_what_cannot_be_sent_nothing_leaves_before_the_ledger_knows(bool crashes)
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 2);
        h.Enqueue("b", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        h.Session.OnConnectionLost(h.Connection, new ConnectionLoss(LossCause.Peer), h.Now);
        h.Session.OnConnected(new ConnectionInfo(2, SessionPresent: true) { MaximumQoS = MqttQualityOfServiceLevel.AtLeastOnce }, h.Now);
        h.Commit(commit);
        Assert.Empty(h.Sent);

        if (crashes)
        {
            h.Crash();
            h.Connect();
            Assert.Equal(["PUBLISH a DUP", "PUBLISH b DUP"], h.TakeSentTexts());
        }
        else
        {
            h.Turn();
            Assert.Equal(["PUBLISH b"], h.TakeSentTexts());
            Assert.Equal("a", Assert.Single(h.Letters()).Record.Topic);
        }
    }

    [Fact]
    public void After_a_lost_session_what_was_not_sent_yet_stays_behind_what_is_sent_anew()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Enqueue("b", qos: 1);
        h.Turn();
        h.Cut();
        h.Connect(sessionPresent: true, receiveMaximum: 1);
        h.Enqueue("c", qos: 1);
        h.Turn();
        h.Cut();
        h.TakeSent();
        h.Connect(sessionPresent: false);
        Assert.Equal(["PUBLISH a", "PUBLISH b", "PUBLISH c"], h.TakeSentTexts());
    }

    [Fact]
    public void After_a_lost_session_what_waited_for_the_window_stays_behind_what_is_sent_anew()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Enqueue("b", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        h.Session.OnConnectionLost(h.Connection, new ConnectionLoss(LossCause.Peer), h.Now);
        h.Session.OnConnected(new ConnectionInfo(2, SessionPresent: true) { ReceiveMaximum = 1 }, h.Now);
        h.Commit(commit);
        Assert.Equal(["PUBLISH a"], h.TakeSentTexts());
        h.Session.OnConnectionLost(2, new ConnectionLoss(LossCause.Peer), h.Now);
        h.Session.OnConnected(new ConnectionInfo(3, SessionPresent: false), h.Now);
        h.Turn();
        Assert.Equal(["PUBLISH a", "PUBLISH b"], h.TakeSentTexts());
    }
}
