using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What a refusal does to a message, and to those behind it.</summary>
public class RefusalTests
{
    private static readonly SessionSettings Second = new() { RetryDelay = _ => TimeSpan.FromSeconds(1), MaxInFlight = 2 };

    [Theory]
    [InlineData(0x87)]
    [InlineData(0x90)]
    [InlineData(0x99)]
    [Conformance(20)]
    public void A_refusal_for_good_is_a_dead_letter_at_once(byte code)
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();

        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, code);

        Assert.Equal([PublishOutcome.Rejected], session.Outcomes());
        Assert.Equal(code, session.Completions.Last().ReasonCode);
        Assert.Equal(1, session.Statistics().DeadLetters);
        Assert.Empty(session.Recovered().InFlight);
    }

    [Fact]
    [Conformance(10)]
    public void A_refusing_pubrec_gets_no_pubrel()
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();

        session.Ack(AckKind.PubRec, session.TakeSent()[0].PacketId, 0x87);

        Assert.Empty(session.TakeSent());
    }

    [Fact]
    [Conformance(20)]
    public void A_refusal_for_now_is_sent_anew_after_a_while_and_holds_back_what_was_not_sent()
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        foreach (var topic in new[] { "a", "b", "c" }) session.Enqueue(topic, qos: 1);
        session.Turn();
        var sent = session.TakeSent();
        session.Ack(AckKind.PubAck, sent[0].PacketId, 0x80);
        session.Ack(AckKind.PubAck, sent[1].PacketId);
        Assert.Empty(session.TakeSent());

        session.Advance(TimeSpan.FromSeconds(1));
        var again = Assert.Single(session.TakeSent());
        Assert.Equal(("a", false), (again.Record!.Topic, again.Dup));
        session.Ack(AckKind.PubAck, again.PacketId);

        Assert.Equal(["PUBLISH c"], session.TakeSentTexts());
        Assert.Equal(2, session.Completions.Last(c => c is { Kind: CompletionKind.Finished, Record.Topic: "a" }).Attempts);
    }

    [Fact]
    public void Without_order_others_pass_a_refused_message()
    {
        var session = new SessionHarness(Second with { Ordering = PublishOrdering.None });
        session.Connect(sessionPresent: false);
        foreach (var topic in new[] { "a", "b", "c" }) session.Enqueue(topic, qos: 1);
        session.Turn();

        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x80);

        Assert.Equal(["PUBLISH c"], session.TakeSentTexts());
    }

    [Fact]
    public void The_last_attempt_ends_among_the_dead_letters()
    {
        var session = new SessionHarness(Second with { MaxAttempts = 3 });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x83);
            session.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(session.TakeSent());
        Assert.Equal([PublishOutcome.Rejected], session.Outcomes());
        Assert.Equal(3, session.Completions.Last().Attempts);
    }

    [Fact]
    public void Quota_exceeded_pauses_and_has_no_limit_of_attempts()
    {
        var session = new SessionHarness(Second with { MaxAttempts = 2, MaxInFlight = 8 });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();
        for (var attempt = 0; attempt < 20; attempt++)
        {
            session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x97);
            Assert.Empty(session.TakeSent());
            session.Advance(TimeSpan.FromSeconds(1));
        }

        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId);

        Assert.Equal([PublishOutcome.Confirmed], session.Outcomes());
    }

    [Fact]
    public void Quota_exceeded_halves_the_window_once_for_each_pause_and_it_opens_again_with_each_confirm()
    {
        var session = new SessionHarness(Second with { MaxInFlight = 100, Ordering = PublishOrdering.None });
        session.Connect(sessionPresent: false, receiveMaximum: 8);
        for (var i = 0; i < 30; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var sent = session.TakeSent();
        Assert.Equal(8, sent.Count);

        // All of one congestion: the broker was asked for less only once.
        foreach (var packet in sent) session.Ack(AckKind.PubAck, packet.PacketId, 0x97);
        Assert.Empty(session.TakeSent());
        session.Advance(TimeSpan.FromSeconds(1));
        sent = session.TakeSent();
        Assert.Equal(["t0", "t1", "t2", "t3"], sent.Select(packet => packet.Record!.Topic));

        session.Ack(AckKind.PubAck, sent[0].PacketId);
        Assert.Equal(["PUBLISH t4", "PUBLISH t5"], session.TakeSentTexts());
        session.Ack(AckKind.PubAck, sent[1].PacketId, 0x97);
        session.Ack(AckKind.PubAck, sent[2].PacketId);
        Assert.Empty(session.TakeSent());
        session.Ack(AckKind.PubAck, sent[3].PacketId);
        session.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH t6", "PUBLISH t7"], session.TakeSentTexts());
    }

    [Theory]
    [InlineData(PublishOrdering.Strict)]
    [InlineData(PublishOrdering.None)]
    public void Nothing_new_leaves_in_a_pause_and_every_message_gets_through_in_the_end(PublishOrdering ordering)
    {
        var session = new SessionHarness(Second with { MaxInFlight = 4, MaxAttempts = 1, Ordering = ordering });
        session.Connect(sessionPresent: false);
        for (var i = 0; i < 6; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var sent = session.TakeSent();
        session.Ack(AckKind.PubAck, sent[0].PacketId, 0x97);
        foreach (var packet in sent[1..]) session.Ack(AckKind.PubAck, packet.PacketId);
        Assert.Empty(session.TakeSent());
        session.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Empty(session.TakeSent());

        session.Advance(TimeSpan.FromMilliseconds(1));
        var next = session.TakeSent();
        Assert.Equal(ordering == PublishOrdering.Strict ? ["t0"] : ["t0", "t4", "t5"], next.Select(packet => packet.Record!.Topic));
        foreach (var packet in next) session.Ack(AckKind.PubAck, packet.PacketId);
        foreach (var packet in session.TakeSent()) session.Ack(AckKind.PubAck, packet.PacketId);

        Assert.Equal(6, session.Outcomes().Count(outcome => outcome == PublishOutcome.Confirmed));
        Assert.Equal(2, session.Completions.Single(c => c is { Kind: CompletionKind.Finished, Record.Topic: "t0" }).Attempts);
    }

    [Theory]
    [InlineData(PublishOrdering.Strict)]
    [InlineData(PublishOrdering.None)]
    public void A_refused_message_keeps_its_place_before_the_others_or_gets_one_behind_what_was_sent(PublishOrdering ordering)
    {
        var session = new SessionHarness(Second with { MaxInFlight = 3, Ordering = ordering });
        session.Connect(sessionPresent: false);
        for (var i = 0; i < 6; i++) session.Enqueue($"t{i}", qos: 1);
        session.Turn();
        var order = new List<string>();
        var refuse = new HashSet<string> { "t1", "t3" };
        for (var guard = 0; guard < 50 && session.Session.Pending > 0; guard++)
        {
            foreach (var packet in session.TakeSent())
            {
                order.Add(packet.Record!.Topic);
                session.Ack(AckKind.PubAck, packet.PacketId, refuse.Remove(packet.Record.Topic) ? (byte)0x80 : (byte)0);
            }

            session.Advance(TimeSpan.FromSeconds(1));
        }

        // The ack of t0 lets t3 leave before the refusal of t1 comes. Strict: what is in flight may pass a refused message, what was not sent yet does not.
        Assert.Equal(ordering == PublishOrdering.Strict
            ? ["t0", "t1", "t2", "t3", "t1", "t3", "t4", "t5"]
            : ["t0", "t1", "t2", "t3", "t4", "t5", "t1", "t3"], order);
    }

    [Fact]
    public void Attempts_count_on_after_a_crash_wherever_the_message_stood()
    {
        var session = new SessionHarness(Second with { MaxAttempts = 4 });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();
        for (var refusal = 1; refusal <= 2; refusal++)
        {
            session.Ack(AckKind.PubRec, session.TakeSent()[0].PacketId, 0x80);
            session.Crash(); // Parked.
            session.Connect();
            session.Advance(TimeSpan.FromSeconds(1));
        }

        session.Crash(); // Sent.
        session.Connect();
        var id = Assert.Single(session.TakeSent()).PacketId;
        Assert.Equal(2, Assert.Single(session.Recovered().InFlight).State.Refusals);
        session.Ack(AckKind.PubRec, id);
        session.Crash(); // Released.
        session.Connect();
        Assert.Equal(2, Assert.Single(session.Recovered().InFlight).State.Refusals);
        session.Ack(AckKind.PubComp, id);
        Assert.Equal(3, session.Completions.Last().Attempts);
    }

    [Theory]
    [InlineData(0x87, true, 3)]
    [InlineData(0x90, true, 3)]
    [InlineData(0x80, false, 1)]
    [InlineData(0x97, false, 1)]
    [InlineData(0x80, null, 3)]
    [InlineData(0x87, null, 1)]
    public void The_application_may_decide_on_a_refusal_within_the_attempts(byte code, bool? answer, int attempts)
    {
        var asked = new List<(byte, int)>();
        var session = new SessionHarness(Second with
        {
            MaxAttempts = 3,
            ShouldRetry = refusal =>
            {
                asked.Add((refusal.ReasonCode, refusal.Attempts));
                return answer;
            },
        });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();
        for (var i = 0; i < 10 && session.Sent.Count > 0; i++)
        {
            session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, code);
            session.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([PublishOutcome.Rejected], session.Outcomes());
        Assert.Equal((code, attempts), (session.Completions.Last().ReasonCode, session.Completions.Last().Attempts));
        Assert.Equal(Enumerable.Range(1, attempts).Select(attempt => (code, attempt)), asked);
    }

    [Fact]
    public void The_application_is_asked_neither_about_packet_ids_nor_about_stray_refusals()
    {
        var asked = 0;
        var session = new SessionHarness(Second with { ShouldRetry = _ => ++asked < 0 });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();
        session.Ack(AckKind.PubRec, session.TakeSent()[0].PacketId, 0x91);
        var id = Assert.Single(session.TakeSent()).PacketId;
        session.Ack(AckKind.PubRec, id);
        session.Ack(AckKind.PubRec, id, 0x80);
        session.Ack(AckKind.PubComp, id);

        Assert.Equal(0, asked);
        Assert.Equal([PublishOutcome.Confirmed], session.Outcomes());
    }

    [Fact]
    public void A_parked_message_survives_a_crash_and_keeps_its_count()
    {
        var session = new SessionHarness(Second with { MaxAttempts = 2 });
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 1);
        session.Turn();
        session.Ack(AckKind.PubAck, session.TakeSent()[0].PacketId, 0x80);
        Assert.Equal(InflightStage.Parked, Assert.Single(session.Recovered().InFlight).State.Stage);

        session.Crash();
        session.Connect();
        session.Advance(TimeSpan.FromSeconds(2));
        var again = Assert.Single(session.TakeSent());
        Assert.False(again.Dup);
        session.Ack(AckKind.PubAck, again.PacketId, 0x80);

        Assert.Equal([PublishOutcome.Rejected], session.Outcomes());
    }

    [Fact]
    public void A_packet_id_in_use_is_left_alone_and_the_message_goes_under_another()
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();
        var tainted = session.TakeSent()[0].PacketId;

        session.Ack(AckKind.PubRec, tainted, 0x91);

        var again = Assert.Single(session.TakeSent());
        Assert.NotEqual(tainted, again.PacketId);
        Assert.False(again.Dup);
    }

    [Fact]
    public void A_packet_id_in_use_after_a_resend_means_that_the_broker_holds_the_message()
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();
        var id = session.TakeSent()[0].PacketId;
        session.Cut();
        session.Connect();
        Assert.Equal(["PUBLISH t DUP"], session.TakeSentTexts());

        session.Ack(AckKind.PubRec, id, 0x91);

        Assert.Equal(["PUBREL"], session.TakeSentTexts());
        session.Ack(AckKind.PubComp, id);
        Assert.Equal([PublishOutcome.Confirmed], session.Outcomes());
    }

    [Fact]
    public void Packet_ids_in_use_again_and_again_lead_to_a_clean_session()
    {
        var session = new SessionHarness(Second);
        session.Connect(sessionPresent: false);
        session.Enqueue(qos: 2);
        session.Turn();
        for (var i = 0; i < 3; i++) session.Ack(AckKind.PubRec, session.TakeSent()[0].PacketId, 0x91);

        session.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(RecycleReason.CleanStart, session.Recycle);
        Assert.True(session.Session.NeedsCleanStart);
        session.Cut();
        session.Connect(sessionPresent: false);
        Assert.Equal(["PUBLISH t"], session.TakeSentTexts());
        Assert.False(session.Session.NeedsCleanStart);
        Assert.Equal(BrokerSession.Established, session.Recovered().Session);
    }

    [Fact]
    public void A_given_up_message_that_was_sent_leads_to_a_clean_session_after_the_others_are_finished()
    {
        var session = new SessionHarness();
        session.Connect(sessionPresent: false);
        session.Enqueue("two", qos: 2);
        session.Enqueue("one", qos: 1);
        session.Turn();
        var sent = session.TakeSent();

        session.Cut();
        session.Connect(maximumQoS: MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.Equal(["PUBLISH one DUP"], session.TakeSentTexts());
        Assert.Null(session.Recycle);
        session.Enqueue("new", qos: 1);
        session.Turn();
        Assert.Empty(session.TakeSent());
        session.Ack(AckKind.PubAck, sent[1].PacketId);

        Assert.Equal(RecycleReason.CleanStart, session.Recycle);
        session.Cut();
        session.Connect(sessionPresent: false, maximumQoS: MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.Equal(["PUBLISH new"], session.TakeSentTexts());
    }
}
