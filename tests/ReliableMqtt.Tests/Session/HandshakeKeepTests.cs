using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Which handshakes serve another message when they are over: those of which it is certain that nobody holds them, and that have gone the straight way.</summary>
public class HandshakeKeepTests
{
    [Fact]
    public void One_that_ended_while_it_stood_among_those_whose_pubrel_waits_is_not_given_to_another_while_it_stands_there()
    {
        // "s" is released, so that its PUBREL leaves first, and three connections end with it as the oldest; the release of "b" is stored when only one may leave at a time, and that is "x".
        var h = Started(new SessionSettings(), 2, "x", "s", "b");
        PacketId[] ids = [.. h.TakeSent().Select(packet => packet.PacketId)];
        h.Ack(AckKind.PubRec, ids[1]);
        h.Cut(new ConnectionLoss(LossCause.Local));
        h.Connect();
        for (var i = 0; i < 2; i++)
        {
            h.Cut();
            h.Connect();
        }

        h.Ack(AckKind.PubRec, ids[2], turn: false);
        var release = h.Session.BuildCommit(h.Now)!;
        Assert.Single(release.Releases);
        h.Cut();
        h.Connect(receiveMaximum: 1);
        h.TakeSent();
        h.Prove();
        Assert.Equal(["PUBREL"], h.TakeSentTexts());
        h.Ack(AckKind.PubComp, ids[1]);
        Assert.Equal(["PUBLISH x DUP"], h.TakeSentTexts());
        h.Commit(release);
        h.Ack(AckKind.PubRec, ids[0]);
        var x = SessionInsides.InFlight(h.Session).Single(handshake => handshake.PacketId == ids[0]);
        Assert.Equal([ids[2], ids[0]], SessionInsides.Released(h.Session).Select(handshake => handshake.PacketId));

        // A broker that answers the PUBREL before it has left: the message ends, and its handshake still stands where it stood.
        h.Ack(AckKind.PubComp, ids[0]);
        Assert.Equal(["PUBREL"], h.TakeSentTexts());
        Assert.Same(x, Assert.Single(SessionInsides.Released(h.Session)));
        Assert.Equal(3, h.Session.LowestUnfinished);
        Assert.True(x.IsPlainlyOver);
        Assert.Empty(SessionInsides.Over(h.Session));

        h.Enqueue("next");
        h.Turn();
        Assert.Empty(h.TakeSent());
        h.Ack(AckKind.PubComp, ids[2]);
        Assert.Empty(SessionInsides.Released(h.Session));
        h.Turn();
        Assert.Equal(["PUBLISH next"], h.TakeSentTexts());
        Assert.DoesNotContain(x, SessionInsides.InFlight(h.Session));
    }

    [Fact]
    public void None_is_kept_while_others_wait_to_be_resent()
    {
        var h = Started(new SessionSettings(), 1, "a", "b", "c");
        h.TakeSent();
        h.Cut(new ConnectionLoss(LossCause.Local));
        h.Connect(receiveMaximum: 1);
        h.Ack(AckKind.PubAck, Assert.Single(h.TakeSent()).PacketId);
        Assert.Single(SessionInsides.Resend(h.Session));
        Assert.Equal(2, h.Session.LowestUnfinished);
        Assert.Empty(SessionInsides.Over(h.Session));

        // The next one ends when none waits.
        h.Ack(AckKind.PubAck, Assert.Single(h.TakeSent()).PacketId);
        Assert.Equal(3, h.Session.LowestUnfinished);
        Assert.Equal(h.Settings.PoisonsHandshakes ? 0 : 1, SessionInsides.Over(h.Session).Count);
    }

    [Fact]
    public void One_that_was_refused_is_not_kept_though_it_was_confirmed_later()
    {
        var h = Started(new SessionSettings { RetryDelay = _ => TimeSpan.FromSeconds(1) }, 1, "a");
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x80);
        h.Advance(TimeSpan.FromSeconds(2));
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId);
        IsOverAndNotKept(h);
    }

    [Fact]
    public void One_that_was_sent_anew_after_a_lost_session_is_not_kept()
    {
        var h = Started(new SessionSettings(), 1, "a");
        h.TakeSent();
        h.Cut();
        h.Connect(sessionPresent: false);
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId);
        IsOverAndNotKept(h);
    }

    [Fact]
    public void One_that_was_given_up_is_not_kept()
    {
        var h = Started(new SessionSettings(), 1, "a");
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x90);
        Assert.Single(h.Letters());
        IsOverAndNotKept(h);
    }

    [Fact]
    public void One_that_the_ledger_did_not_take_is_not_kept()
    {
        var h = new SessionHarness(new SessionSettings { RetryDelay = _ => TimeSpan.FromSeconds(1) }, maxPending: 1);
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Turn();
        h.Enqueue("too many", qos: 1);
        h.Turn();
        Assert.True(h.Session.IsFull);
        Assert.Equal(1, h.Session.LowestUnfinished);
        Assert.Single(SessionInsides.InFlight(h.Session));
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId);
        _ = h.Session.LowestUnfinished;
        Assert.Equal(h.Settings.PoisonsHandshakes ? 0 : 1, SessionInsides.Over(h.Session).Count);
    }

    [Fact]
    public void No_more_are_kept_than_may_be_in_flight()
    {
        var wide = Started(new SessionSettings(), 1, "a", "b", "c", "d", "e");
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 2 });
        var session = new PublishSession(h.Settings, new LedgerEpoch("next"), wide.Recovered());
        session.OnConnected(new ConnectionInfo(1, SessionPresent: true), h.Now);
        for (var i = 0; i < 5; i++) session.OnAck(1, new Ack(AckKind.PubAck, session.Outputs.Sends[i].PacketId), h.Now);
        Assert.Equal(5, session.BuildCommit(h.Now)!.Confirms.Count);
        session.OnCommitted(new CommitResult { Status = CommitStatus.Applied, Tail = 5 }, h.Now);
        Assert.Equal(6, session.LowestUnfinished);
        Assert.Equal(h.Settings.PoisonsHandshakes ? 0 : 2, SessionInsides.Over(session).Count);
        Assert.All(SessionInsides.Over(session), kept => Assert.Null(kept.Record));
    }

    private static SessionHarness Started(SessionSettings settings, int qos, params string[] topics)
    {
        var h = new SessionHarness(settings);
        h.Connect(sessionPresent: false);
        foreach (var topic in topics) h.Enqueue(topic, qos);
        h.Turn();
        return h;
    }

    private static void IsOverAndNotKept(SessionHarness h)
    {
        Assert.Equal(2, h.Session.LowestUnfinished);
        Assert.Empty(SessionInsides.InFlight(h.Session));
        Assert.Empty(SessionInsides.Over(h.Session));
    }
}
