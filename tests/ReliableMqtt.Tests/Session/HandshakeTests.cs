using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Single handshakes: write-ahead, resume, session loss.</summary>
public class HandshakeTests
{
    private readonly SessionHarness _session = new();

    [Fact]
    [Conformance(6, 8)]
    public void Qos1_is_stored_then_sent_then_confirmed_by_puback()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 1);
        _session.Turn();
        var sent = Assert.Single(_session.TakeSent());
        Assert.False(sent.Dup);

        _session.Ack(AckKind.PubAck, sent.PacketId);

        Assert.Equal([PublishOutcome.Confirmed], _session.Outcomes());
        Assert.Equal(0, _session.Session.Pending);
        Assert.Empty(_session.Recovered().InFlight);
    }

    [Fact]
    [Conformance(5, 9, 10, 11)]
    public void Qos2_goes_publish_pubrec_pubrel_pubcomp()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        var id = Assert.Single(_session.TakeSent()).PacketId;
        _session.Ack(AckKind.PubRec, id);
        Assert.Equal(new OutboundPacket(id, null), Assert.Single(_session.TakeSent()));
        Assert.Empty(_session.Outcomes());

        _session.Ack(AckKind.PubComp, id);

        Assert.Equal([PublishOutcome.Confirmed], _session.Outcomes());
        Assert.Empty(_session.Recovered().InFlight);
    }

    [Fact]
    public void Nothing_leaves_before_the_ledger_has_answered()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        var commit = _session.Session.BuildCommit(_session.Now)!;
        _session.Drain();
        Assert.Empty(_session.Sent);

        _session.Commit(commit);

        Assert.Equal(["PUBLISH t"], _session.TakeSentTexts());
    }

    [Fact]
    public void Pubrel_waits_until_the_release_is_stored()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;
        _session.Ack(AckKind.PubRec, id, turn: false);
        var commit = _session.Session.BuildCommit(_session.Now)!;
        _session.Drain();
        Assert.Empty(_session.Sent);

        _session.Commit(commit);

        Assert.Equal(["PUBREL"], _session.TakeSentTexts());
        Assert.Equal(InflightStage.Released, Assert.Single(_session.Recovered().InFlight).State.Stage);
    }

    [Fact]
    [Conformance(3, 6, 15)]
    public void Publish_then_crash_resends_with_dup_and_the_same_packet_id()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 1);
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;

        _session.Crash();
        _session.Connect();

        var resent = Assert.Single(_session.TakeSent());
        Assert.True(resent.Dup);
        Assert.Equal(id, resent.PacketId);
    }

    [Fact]
    [Conformance(11, 12)]
    public void Pubrec_then_crash_resumes_with_pubrel()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;
        _session.Ack(AckKind.PubRec, id);

        _session.Crash();
        _session.Connect();

        Assert.Equal(new OutboundPacket(id, null), Assert.Single(_session.TakeSent()));
        _session.Ack(AckKind.PubComp, id);
        Assert.Equal([PublishOutcome.Confirmed], _session.Outcomes());
    }

    [Fact]
    [Conformance(9)]
    public void Pubrec_that_was_not_stored_before_the_crash_resumes_with_publish()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        _session.Ack(AckKind.PubRec, _session.TakeSent()[0].PacketId, turn: false);

        _session.Crash();
        _session.Connect();

        Assert.Equal(["PUBLISH t DUP"], _session.TakeSentTexts());
    }

    [Fact]
    public void Pubcomp_of_not_found_confirms()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;
        _session.Ack(AckKind.PubRec, id);

        _session.Ack(AckKind.PubComp, id, 0x92);

        Assert.Equal([PublishOutcome.Confirmed], _session.Outcomes());
    }

    [Fact]
    [Conformance(17)]
    public void Lost_session_republishes_as_a_new_message_under_another_packet_id()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("sent", qos: 1);
        _session.Enqueue("released");
        _session.Turn();
        var ids = _session.TakeSent().ConvertAll(p => p.PacketId);
        _session.Ack(AckKind.PubRec, ids[1]);
        _session.TakeSent();

        _session.Cut();
        _session.Connect(sessionPresent: false);

        var resent = _session.TakeSent();
        Assert.Equal(["sent", "released"], resent.Select(p => p.Record!.Topic));
        Assert.All(resent, p => Assert.False(p.Dup));
        Assert.Empty(resent.Select(p => p.PacketId).Intersect(ids));
        Assert.All(_session.Recovered().InFlight, e => Assert.Equal(InflightStage.Sent, e.State.Stage));
    }

    [Fact]
    [Conformance(17)]
    public void Lost_session_gives_up_when_the_policy_forbids_duplicates()
    {
        var session = new SessionHarness(new SessionSettings { SessionLossPolicy = SessionLossPolicy.DeadLetter });
        session.Connect(sessionPresent: false);
        session.Enqueue("sent");
        session.Turn();
        session.TakeSent();

        session.Cut();
        session.Connect(sessionPresent: false);

        Assert.Empty(session.TakeSent());
        Assert.Equal([PublishOutcome.DeadLettered], session.Outcomes());
        Assert.Equal(1, session.Statistics().DeadLetters);
    }

    [Fact]
    [Conformance(6)]
    public void A_message_that_was_stored_while_the_link_died_leaves_once_without_dup()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue();
        var commit = _session.Session.BuildCommit(_session.Now)!;
        _session.Session.OnConnectionLost(_session.Connection, new ConnectionLoss(LossCause.Peer), _session.Now);
        _session.Commit(commit);
        Assert.Empty(_session.TakeSent());

        _session.Connect(sessionPresent: false);

        Assert.Equal(["PUBLISH t"], _session.TakeSentTexts());
    }

    [Fact]
    [Conformance(35)]
    public void Unknown_late_and_wrong_acks_confirm_nothing()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue(qos: 2);
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;

        _session.Ack(AckKind.PubAck, id);
        _session.Ack(AckKind.PubComp, id);
        _session.Ack(AckKind.PubAck, new PacketId(777));
        _session.Session.OnAck(99, new Ack(AckKind.PubRec, id), _session.Now);

        Assert.Empty(_session.Outcomes());
        Assert.Empty(_session.TakeSent());
        Assert.Equal(3, _session.Strays.Count);
        Assert.Null(_session.Recycle);
    }

    [Fact]
    [Conformance(35)]
    public void Pubrec_of_an_unknown_packet_id_is_answered_with_not_found()
    {
        _session.Connect(sessionPresent: false);

        _session.Ack(AckKind.PubRec, new PacketId(5));

        Assert.Equal(new OutboundPacket(new PacketId(5), null, ReasonCode: 0x92), Assert.Single(_session.TakeSent()));
    }

    [Fact]
    [Conformance(10)]
    public void A_repeated_pubrec_gets_another_pubrel()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue();
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;
        _session.Ack(AckKind.PubRec, id);
        _session.Ack(AckKind.PubRec, id);

        Assert.Equal(["PUBREL", "PUBREL"], _session.TakeSentTexts());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_confirm_waits_a_little_for_the_next_message_and_is_stored_with_it(int qos)
    {
        var h = new SessionHarness(new SessionSettings { ConfirmLag = TimeSpan.FromMilliseconds(5) });
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos);
        h.Turn();
        var id = h.Sent[^1].PacketId;
        if (qos == 2) h.Ack(AckKind.PubRec, id);
        h.Ack(qos == 2 ? AckKind.PubComp : AckKind.PubAck, id);
        Assert.Equal([PublishOutcome.Confirmed], h.Outcomes());
        Assert.Single(h.Recovered().InFlight);

        h.Enqueue("b", qos);
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal((1, 1), (commit.Confirms.Count, commit.Appends.Count));
        h.Commit(commit);
        Assert.Equal("b", Assert.Single(h.Recovered().InFlight).Record.Topic);
    }

    [Fact]
    public void A_confirm_that_waits_is_stored_alone_when_its_time_is_over()
    {
        var h = new SessionHarness(new SessionSettings { ConfirmLag = TimeSpan.FromMilliseconds(5) });
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Turn();
        h.Ack(AckKind.PubAck, h.Sent[^1].PacketId);
        Assert.Equal(h.Now + TimeSpan.FromMilliseconds(5), h.Session.WakeAt);
        h.Advance(TimeSpan.FromMilliseconds(4));
        Assert.Single(h.Recovered().InFlight);
        h.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Empty(h.Recovered().InFlight);
    }

    [Fact]
    public void A_crash_while_a_confirm_waits_resumes_the_handshake()
    {
        var h = new SessionHarness(new SessionSettings { ConfirmLag = TimeSpan.FromMilliseconds(5) });
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 2);
        h.Turn();
        var id = h.Sent[^1].PacketId;
        h.Ack(AckKind.PubRec, id);
        h.Ack(AckKind.PubComp, id);
        h.Crash();
        h.Connect();
        Assert.Equal(["PUBREL"], h.TakeSentTexts());
        h.Ack(AckKind.PubComp, id, 0x92);
        h.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Empty(h.Recovered().InFlight);
    }
}
