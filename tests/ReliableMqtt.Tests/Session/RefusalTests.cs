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
