using MQTTnet.Formatter;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What an ack says, as it is told with the end of its message, and what an ack does not mean.</summary>
public class SessionAckTests
{
    private readonly SessionHarness _session = new(new SessionSettings { MaxAttempts = 1 });

    [Fact]
    public void The_code_and_the_text_of_a_pubrec_are_told_with_the_confirm()
    {
        var id = Sent(qos: 2);
        _session.Session.OnAck(_session.Connection, new Ack(AckKind.PubRec, id, 0x10, "nobody"), _session.Now);
        _session.Turn();
        _session.Ack(AckKind.PubComp, id);
        Assert.Equal(((byte?)0x10, "nobody"), (_session.Completions[^1].ReasonCode, _session.Completions[^1].ReasonString));
    }

    [Fact]
    public void A_resend_whose_packet_id_is_in_use_is_confirmed_as_a_success()
    {
        var id = Sent(qos: 2);
        _session.Cut();
        _session.Connect();
        _session.Ack(AckKind.PubRec, id, 0x91);
        _session.Ack(AckKind.PubComp, id);
        Assert.Equal((PublishOutcome.Confirmed, (byte?)0), (_session.Completions[^1].Outcome, _session.Completions[^1].ReasonCode));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_resend_can_be_refused_like_any_other(int qos)
    {
        var id = Sent(qos);
        _session.Cut();
        _session.Connect();
        _session.TakeSent();
        _session.Ack(qos == 1 ? AckKind.PubAck : AckKind.PubRec, id, 0x87);
        Assert.Equal([PublishOutcome.Rejected], _session.Outcomes());
        Assert.Empty(_session.TakeSent());
    }

    [Fact]
    public void MQTT_3_has_no_code_for_a_confirm()
    {
        _session.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false) { Protocol = MqttProtocolVersion.V311 }, _session.Now);
        _session.Enqueue(qos: 1);
        _session.Turn();
        _session.Session.OnAck(1, new Ack(AckKind.PubAck, _session.TakeSent()[0].PacketId), _session.Now);
        _session.Turn();
        Assert.Equal((PublishOutcome.Confirmed, null), (_session.Completions[^1].Outcome, _session.Completions[^1].ReasonCode));
    }

    [Fact]
    public void The_code_of_a_refusal_is_told_also_when_the_connection_is_gone_by_then()
    {
        _session.Ack(AckKind.PubAck, Sent(qos: 1), 0x80, turn: false);
        _session.Cut();
        Assert.Equal((PublishOutcome.Rejected, (byte?)0x80), (_session.Completions[^1].Outcome, _session.Completions[^1].ReasonCode));
    }

    [Fact]
    public void Of_a_message_in_flight_or_parked_no_release_is_kept()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("parked");
        h.Enqueue("sent");
        h.Turn();
        h.Ack(AckKind.PubRec, h.TakeSent()[0].PacketId, 0x80);
        Assert.Equal([0L, 0L], h.Recovered().InFlight.Select(entry => entry.State.ReleaseOrder));
        h.Session.OnRolledBack();
        h.Drain();
        Assert.Equal([0L, 0L], h.Restore!.InFlight.Select(entry => entry.State.ReleaseOrder));
    }

    [Fact]
    public void What_was_refused_and_is_given_up_with_a_lost_session_holds_nobody_back()
    {
        var h = new SessionHarness(new SessionSettings { SessionLossPolicy = SessionLossPolicy.DeadLetter, RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        h.Enqueue("refused", qos: 1);
        h.Turn();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x80);
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH refused"], h.TakeSentTexts());
        h.Enqueue("next", qos: 1);
        h.Turn();
        Assert.Empty(h.TakeSent());
        h.Cut();
        h.Connect(sessionPresent: false);
        Assert.Equal(["PUBLISH next"], h.TakeSentTexts());
    }

    [Fact]
    public void On_a_connection_that_is_to_end_no_message_is_begun()
    {
        Sent(qos: 1);
        _session.Advance(_session.Settings.AckTimeout);
        Assert.Equal(RecycleReason.AckOverdue, _session.Recycle);
        _session.Enqueue("new", qos: 1);
        _session.Turn();
        Assert.Single(_session.Recovered().InFlight);
    }

    [Fact]
    public void Refused_messages_that_are_due_together_go_in_their_order_and_within_the_window()
    {
        var h = new SessionHarness(new SessionSettings { Ordering = PublishOrdering.None, MaxInFlight = 2, RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        foreach (var topic in new[] { "a", "b", "c", "d", "e" }) h.Enqueue(topic, qos: 1);
        h.Turn();
        var sent = h.TakeSent();
        h.Ack(AckKind.PubAck, sent[1].PacketId, 0x80);
        h.Ack(AckKind.PubAck, sent[0].PacketId, 0x80);
        Assert.Equal(["PUBLISH c", "PUBLISH d"], h.Sent.Select(packet => $"PUBLISH {packet.Record!.Topic}"));
        foreach (var packet in h.TakeSent()) h.Ack(AckKind.PubAck, packet.PacketId);
        Assert.Empty(h.TakeSent()); // As many are parked as may be in flight.
        h.Cut();
        h.Connect(receiveMaximum: 1);
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH a"], h.TakeSentTexts());
        Assert.Equal("b", Assert.Single(h.Recovered().InFlight, entry => entry.State.Stage == InflightStage.Parked).Record.Topic);
    }

    [Fact]
    public void What_is_sent_anew_is_resent_behind_what_was_sent_before_it()
    {
        var h = new SessionHarness(new SessionSettings { Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Enqueue("b", qos: 1);
        h.Turn();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x80);
        h.Advance(TimeSpan.FromSeconds(1));
        h.Cut();
        h.TakeSent();
        h.Connect();
        Assert.Equal(["PUBLISH b DUP", "PUBLISH a DUP"], h.TakeSentTexts());
    }

    [Fact]
    public void A_condemned_session_that_has_nothing_left_ends_also_after_a_crash()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("two", qos: 2);
        h.Turn();
        h.Cut();
        h.Connect(maximumQoS: MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);
        Assert.Equal(RecycleReason.CleanStart, h.Recycle);
        h.Recycle = null;
        h.Crash();
        Assert.True(h.Session.NeedsCleanStart);
        h.Connect(sessionPresent: true);
        Assert.Equal(RecycleReason.CleanStart, h.Recycle);
    }

    [Fact]
    public void Of_all_packet_ids_at_most_half_are_in_use()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 65_535 });
        h.Connect(sessionPresent: false);
        for (var i = 0; i < 33_000; i++) h.Enqueue(qos: 1);
        h.Turn();
        Assert.Equal(PacketId.Max / 2, h.TakeSent().Count);
    }

    private PacketId Sent(int qos)
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: qos);
        _session.Turn();
        return Assert.Single(_session.TakeSent()).PacketId;
    }
}
