using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Row 36: a message that ends every connection that carries it is found, given up and told; the others go on.</summary>
public class PoisonTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Conformance(36)]
    public void A_publish_that_ends_every_connection_is_given_up_and_the_others_go_on(int qos)
    {
        var session = Started("good");
        foreach (var topic in new[] { "poison", "a", "b" }) session.Enqueue(topic, qos);
        session.Turn();
        Die(session, connections: 3);
        session.Connect();
        for (var strike = 1; strike <= 3; strike++)
        {
            Assert.Empty(session.TakeSent());
            session.Prove();
            Assert.Equal(["PUBLISH poison DUP"], session.TakeSentTexts());
            session.Cut();
            session.Connect();
        }

        Assert.Equal(["PUBLISH a DUP", "PUBLISH b DUP"], session.TakeSentTexts());
        var dead = Assert.Single(session.Completions, c => c.Outcome == PublishOutcome.DeadLettered);
        Assert.Equal(("poison", (byte?)null), (dead.Record.Topic, dead.ReasonCode));
        Assert.Contains("whether it was delivered is not known", dead.ReasonString, StringComparison.Ordinal);
        Assert.Equal(BrokerSession.Condemned, session.Recovered().Session);
        Assert.Equal("poison", Assert.Single(session.Letters()).Record.Topic);
        Assert.Equal(DeadLetterCause.Poison, session.Letters()[0].Reason.Cause);
    }

    [Fact]
    [Conformance(36)]
    public void A_pubrel_that_ends_every_connection_is_given_up_as_probably_delivered()
    {
        var session = Started("good");
        session.Enqueue("poison");
        session.Enqueue("other");
        session.Turn();
        var sent = session.TakeSent();
        session.Ack(AckKind.PubRec, sent[0].PacketId);
        session.Ack(AckKind.PubRec, sent[1].PacketId);
        Assert.Equal(["PUBREL", "PUBREL"], session.TakeSentTexts());
        Die(session, connections: 3);
        for (var strike = 1; strike <= 3; strike++)
        {
            session.Connect();
            session.Prove();
            Assert.Equal(new OutboundPacket(sent[0].PacketId, null), Assert.Single(session.TakeSent()));
            session.Cut();
        }

        var dead = Assert.Single(session.Completions, c => c.Outcome == PublishOutcome.DeadLettered);
        Assert.Contains("probably delivered", dead.ReasonString, StringComparison.Ordinal);
        Assert.Equal(BrokerSession.Condemned, session.Recovered().Session);

        // What the broker has taken is finished first; then the session begins anew.
        session.Connect();
        session.Ack(AckKind.PubComp, Assert.Single(session.TakeSent()).PacketId);
        Assert.Equal(RecycleReason.CleanStart, session.Recycle);
        Assert.True(session.Session.NeedsCleanStart);
    }

    [Fact]
    public void The_verdict_takes_long_enough_that_a_link_which_flaps_for_seconds_does_not_reach_it()
    {
        var session = Started("good");
        session.Enqueue("suspect", qos: 1);
        session.Turn();
        Die(session, connections: 3);
        var begin = session.Now;
        while (session.Outcomes().Last() == PublishOutcome.Confirmed)
        {
            session.Connect();
            session.Prove();
            session.Cut();
        }

        Assert.InRange(session.Now - begin, TimeSpan.FromSeconds(0.25 + 4 + 8), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Connections_that_end_with_nothing_on_them_acquit()
    {
        var session = Started("good");
        session.Enqueue("innocent", qos: 1);
        session.Turn();
        Die(session, connections: 3);
        for (var round = 0; round < 10; round++)
        {
            session.Connect();
            session.Prove();
            session.Cut();
            session.Connect();
            Assert.Empty(session.Sent.Skip(1));
            session.Cut(); // Before the suspect has left: so that is how connections end here.

            session.Connect();
            Assert.Equal("PUBLISH innocent DUP", session.TakeSentTexts().Last());
            Die(session, connections: 3);
        }

        Assert.DoesNotContain(PublishOutcome.DeadLettered, session.Outcomes());
    }

    public static TheoryData<byte?> WordsOfTheBroker => [0x00, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x93, 0x96, 0x97, 0x98, 0x9F, 0xA0, 0xC8];

    [Theory]
    [MemberData(nameof(WordsOfTheBroker))]
    public void A_disconnect_that_speaks_of_something_else_blames_nobody(byte? code) => AssertBlamesNobody(new ConnectionLoss(LossCause.Peer, code));

    [Fact]
    public void An_end_that_is_ours_or_of_the_link_blames_nobody()
    {
        AssertBlamesNobody(new ConnectionLoss(LossCause.Local));
        AssertBlamesNobody(new ConnectionLoss(LossCause.Link));
    }

    [Theory]
    [InlineData(false, 0x95)]
    [InlineData(false, null)]
    [InlineData(true, null)]
    public void An_end_that_may_be_about_the_packet_counts(bool encoding, int? code)
    {
        var loss = new ConnectionLoss(encoding ? LossCause.Encoding : LossCause.Peer, (byte?)code);
        var session = Suspected(loss);
        for (var i = 0; i < 3; i++) Strike(session, loss);
        var dead = Assert.Single(session.Completions, c => c.Outcome == PublishOutcome.DeadLettered);
        Assert.Contains(encoding ? "could not be encoded" : code is null ? "closed the connection" : "packet too large (0x95)", dead.ReasonString, StringComparison.Ordinal);
    }

    [Fact]
    public void Packets_of_the_application_or_one_that_has_not_left_make_it_no_proof()
    {
        var session = Suspected();
        for (var i = 0; i < 20; i++)
        {
            Strike(session, new ConnectionLoss(LossCause.Peer) { OthersLeft = true });
            Strike(session, new ConnectionLoss(LossCause.Peer) { Unsent = true });
        }

        session.Connect();
        session.Prove();
        session.Ack(AckKind.PubRec, new PacketId(777)); // Answered with PUBREL 0x92, which may have done it.
        session.Cut();

        Assert.DoesNotContain(PublishOutcome.DeadLettered, session.Outcomes());
    }

    [Fact]
    public void A_pubrel_that_nothing_here_knows_may_have_done_it_each_time()
    {
        var session = Suspected();
        for (var i = 0; i < 10; i++)
        {
            session.Connect();
            session.Prove();
            session.Ack(AckKind.PubRec, new PacketId(777));
            session.Cut();
        }

        Assert.Empty(session.Letters());
    }

    [Fact]
    public void A_suspect_that_the_broker_tolerates_for_a_while_is_acquitted_and_the_others_go_on_beside_it()
    {
        var session = Suspected();
        session.Enqueue("other", qos: 1);
        session.Turn();
        session.Connect();
        session.Prove();
        Assert.Equal(["PUBLISH suspect DUP"], session.TakeSentTexts());
        session.Advance(TimeSpan.FromSeconds(9));
        Assert.Empty(session.TakeSent());

        session.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["PUBLISH other"], session.TakeSentTexts());
        session.Cut();
        session.Connect();
        Assert.Equal(["PUBLISH suspect DUP", "PUBLISH other DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void What_waited_behind_a_tolerated_suspect_is_resent_then()
    {
        var session = Started("good");
        foreach (var topic in new[] { "suspect", "waiting" }) session.Enqueue(topic, qos: 1);
        session.Turn();
        Die(session, connections: 3);
        session.Connect();
        session.Prove();
        Assert.Equal(["PUBLISH suspect DUP"], session.TakeSentTexts());
        session.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(["PUBLISH waiting DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void A_suspect_that_gets_its_pubrec_is_released_at_once_beside_the_next_ones()
    {
        var session = Started("good");
        for (var i = 0; i < 3; i++) session.Enqueue($"t{i}");
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);
        Die(session, connections: 3);
        session.Connect();
        session.Prove();
        session.TakeSent();
        session.Ack(AckKind.PubRec, ids[0]);
        Assert.Equal(["PUBLISH t1 DUP", "PUBREL"], session.TakeSentTexts());
    }

    [Fact]
    public void A_refusal_is_a_word_of_the_broker_too()
    {
        var session = new SessionHarness(new SessionSettings { RetryDelay = _ => TimeSpan.Zero });
        session.Connect(sessionPresent: false);
        session.Enqueue("refused", qos: 1);
        session.Turn();
        Die(session, connections: 2);
        session.Connect();
        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x80);
        session.Cut();
        session.Connect();
        Assert.Empty(session.Suspects);
    }

    [Fact]
    public void A_suspect_whose_ack_is_only_overdue_is_acquitted()
    {
        var session = Suspected(settings: new SessionSettings { AckTimeout = TimeSpan.FromSeconds(3) });
        session.Connect();
        session.Prove();
        session.TakeSent();
        session.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(RecycleReason.AckOverdue, session.Recycle);
        session.Cut();

        session.Connect();

        Assert.Equal(["PUBLISH suspect DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void An_end_long_after_the_packet_left_does_not_blame_it()
    {
        var session = Started("good");
        session.Enqueue("slow", qos: 1);
        session.Turn();
        for (var i = 0; i < 5; i++)
        {
            session.Advance(TimeSpan.FromSeconds(11));
            session.Cut();
            session.Connect();
        }

        Assert.Empty(session.Suspects);
    }

    [Fact]
    public void Nothing_new_leaves_beside_a_suspect_and_the_window_opens_with_each_ack()
    {
        var session = Started("good");
        for (var i = 0; i < 7; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);
        Die(session, connections: 3);
        session.Enqueue("new", qos: 1);
        session.Connect();
        session.Prove();

        Assert.Equal(["PUBLISH t0 DUP"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, ids[0]);
        Assert.Equal(["PUBLISH t1 DUP", "PUBLISH t2 DUP"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, ids[1]);
        Assert.Equal(["PUBLISH t3 DUP", "PUBLISH t4 DUP", "PUBLISH t5 DUP"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, ids[2]);
        Assert.Equal(["PUBLISH t6 DUP", "PUBLISH new"], session.TakeSentTexts());
    }

    [Fact]
    public void Those_that_wait_behind_others_on_short_connections_are_not_suspect()
    {
        var session = Started("good");
        for (var i = 0; i < 20; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        for (var guard = 0; guard < 20 && session.Session.Pending > 0; guard++)
        {
            // Each connection lives for one ack.
            session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, turn: false);
            session.Cut();
            session.Connect();
        }

        Assert.Empty(session.Suspects);
        Assert.Equal(0, session.Session.Pending);
    }

    [Fact]
    public void One_that_stays_while_those_behind_it_get_through_is_suspect()
    {
        var session = Started("good");
        session.Enqueue("poison", qos: 1);
        session.Turn();
        for (var i = 0; i < 3; i++)
        {
            // The broker looks at the rights beside the stream, and ends the connection a little later.
            session.Enqueue($"t{i}", qos: 1);
            session.Turn();
            session.Ack(AckKind.PubAck, session.TakeSent()[^1].PacketId);
            session.Cut();
            session.Connect();
        }

        Assert.Equal("poison", Assert.Single(session.Suspects).Topic);
        for (var strike = 1; strike <= 3; strike++)
        {
            session.Prove();
            session.Cut();
            session.Connect();
        }

        Assert.Equal("poison", Assert.Single(session.Letters()).Record.Topic);
    }

    [Fact]
    public void Pubrels_leave_one_at_a_time_too_in_their_order_and_before_any_publish()
    {
        var session = Started("good");
        for (var i = 0; i < 4; i++) session.Enqueue($"t{i}");
        session.Turn();
        var ids = session.TakeSent().ConvertAll(p => p.PacketId);
        foreach (var i in new[] { 2, 0, 1 }) session.Ack(AckKind.PubRec, ids[i]);
        Die(session, connections: 4); // On the first of them the PUBLISH of t3 was the oldest.
        session.Connect();
        session.Prove();

        Assert.Equal(ids[2], Assert.Single(session.TakeSent()).PacketId);
        session.Ack(AckKind.PubComp, ids[2]);
        Assert.Equal([ids[0], ids[1]], session.TakeSent().Select(p => p.PacketId));
        session.Ack(AckKind.PubComp, ids[0]);
        Assert.Equal(["PUBLISH t3 DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void An_innocent_message_whose_ack_dies_with_the_connection_is_cleared_and_the_poison_behind_it_found()
    {
        var session = Started("good");
        foreach (var topic in new[] { "a", "b", "poison", "c" }) session.Enqueue(topic, qos: 1);
        session.Turn();
        session.TakeSent();

        // The broker reads all of them at once, and at the poison throws away the acks of what it read before.
        for (var i = 0; i < 100 && session.Outcomes().All(o => o == PublishOutcome.Confirmed); i++)
        {
            session.Cut();
            session.Connect();
            while (session.Session.InFlight > 0 && session.Sent.Count == 0 && !session.Probed) session.Advance(TimeSpan.FromSeconds(1));
            if (session.Probed) session.Prove();
            for (var batch = session.TakeSent(); batch.Count > 0 && batch.All(p => p.Record!.Topic != "poison"); batch = session.TakeSent())
                foreach (var packet in batch) session.Ack(AckKind.PubAck, packet.PacketId);
        }

        Assert.Equal(["good", "a", "b", "poison", "c"], session.Completions.Where(c => c.Kind == CompletionKind.Finished).Select(c => c.Record.Topic));
        Assert.Equal(PublishOutcome.Confirmed, session.Outcomes().Last());
    }

    [Fact]
    public void A_broker_that_ends_every_connection_gets_ever_less_for_its_verdicts()
    {
        var session = Started("good");
        for (var i = 0; i < 6; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var strikes = new List<int>();
        for (var victim = 0; victim < 5; victim++)
        {
            if (victim > 0) session.Connect();
            Die(session, connections: 3);
            var dead = session.Letters().Count;
            var needed = 0;
            for (; session.Letters().Count == dead; needed++) Strike(session);
            strikes.Add(needed);
        }

        Assert.Equal([3, 5, 7, 9, 10], strikes);
    }

    [Fact]
    public void Before_anything_got_through_more_proof_is_needed_and_a_new_process_begins_anew()
    {
        var session = Suspected();
        Strike(session);
        Strike(session);

        session.Crash();
        session.Connect();
        Assert.Equal(["PUBLISH suspect DUP"], session.TakeSentTexts());
        Die(session, connections: 3);
        for (var strike = 1; strike < 5; strike++) Strike(session);
        Assert.Empty(session.Letters());
        Strike(session);
        Assert.Single(session.Letters());
    }

    [Fact]
    public void Suspicion_outlives_a_lost_session()
    {
        var session = Started("good");
        session.Enqueue("poison");
        session.Turn();
        Die(session, connections: 3);
        for (var strike = 1; strike <= 3; strike++)
        {
            session.TakeSent();
            session.Connect(sessionPresent: false); // The broker crashes over it, and forgets its sessions.
            session.Prove();
            Assert.Equal(["PUBLISH poison"], session.TakeSentTexts());
            session.Cut();
        }

        Assert.Equal("poison", Assert.Single(session.Letters()).Record.Topic);
    }

    [Fact]
    public void The_word_of_the_broker_on_a_message_ends_its_suspicion()
    {
        var session = Started("good");
        session.Enqueue("t");
        session.Turn();
        var id = session.TakeSent()[0].PacketId;
        Die(session, connections: 2);
        session.Connect();
        session.Ack(AckKind.PubRec, id);
        session.TakeSent();
        session.Cut();

        session.Connect();

        Assert.Equal(["PUBREL"], session.TakeSentTexts());
        Assert.Empty(session.Suspects);
    }

    [Fact]
    public void After_the_verdict_and_a_clean_start_everything_goes_on_at_full_width()
    {
        var session = Suspected();
        for (var i = 0; i < 5; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        for (var i = 0; i < 3; i++) Strike(session);
        Assert.True(session.Session.NeedsCleanStart);
        session.TakeSent();

        session.Connect(sessionPresent: false);

        Assert.Equal(["PUBLISH t0", "PUBLISH t1", "PUBLISH t2", "PUBLISH t3", "PUBLISH t4"], session.TakeSentTexts());
        Assert.Equal(BrokerSession.Established, session.Recovered().Session);
    }

    /// <summary>Connected, and one message has got through.</summary>
    private static SessionHarness Started(string topic, SessionSettings? settings = null)
    {
        var session = new SessionHarness(settings);
        session.Connect(sessionPresent: false);
        session.Enqueue(topic, qos: 1);
        session.Turn();
        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId);
        return session;
    }

    /// <summary>One message is in flight, which three connections have ended with.</summary>
    private static SessionHarness Suspected(ConnectionLoss? loss = null, SessionSettings? settings = null)
    {
        var session = Started("good", settings);
        session.Enqueue("suspect", qos: 1);
        session.Turn();
        Die(session, 3, loss);
        return session;
    }

    /// <summary>The connection ends, and so many less one after it, each with all that was sent on it in flight.</summary>
    private static void Die(SessionHarness session, int connections, ConnectionLoss? loss = null)
    {
        session.TakeSent();
        session.Cut(loss);
        for (var i = 1; i < connections; i++)
        {
            session.Connect();
            Assert.NotEmpty(session.TakeSent());
            session.Cut(loss);
        }
    }

    private static void Strike(SessionHarness session, ConnectionLoss? loss = null)
    {
        session.Connect();
        session.Prove();
        session.TakeSent();
        session.Cut(loss);
    }

    private static void AssertBlamesNobody(ConnectionLoss loss)
    {
        var session = Started("good");
        session.Enqueue("t", qos: 1);
        session.Turn();
        for (var i = 0; i < 10; i++)
        {
            session.Cut(loss);
            session.Connect();
            Assert.Equal("PUBLISH t DUP", session.TakeSentTexts().Last());
        }

        // Nor does it add to what others have done.
        session = Suspected();
        Strike(session);
        Strike(session);
        for (var i = 0; i < 10; i++) Strike(session, loss);
        Assert.Empty(session.Letters());
        Strike(session);
        Assert.Single(session.Letters());
    }
}
