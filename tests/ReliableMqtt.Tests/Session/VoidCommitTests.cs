using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>A commit that the ledger has never applied is as if it had not been made: nothing of it is left in memory, and all of it is made again.</summary>
public class VoidCommitTests
{
    private static readonly SessionSettings Minute = new() { Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromMinutes(1) };

    private static void Void(SessionHarness h)
    {
        h.Session.OnCommitted(new CommitResult { Status = CommitStatus.RolledBack }, h.Now);
        h.Drain();
        Assert.NotNull(h.Restore);
    }

    [Fact]
    public void The_state_of_the_brokers_session_is_stored_by_the_next_one()
    {
        var h = new SessionHarness();
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        Assert.Equal(BrokerSession.Established, h.Session.BuildCommit(h.Now)!.Session);
        Void(h);
        Assert.Equal(BrokerSession.None, h.Restore!.Session);
        h.AnswerRestore();
        Assert.Equal(BrokerSession.Established, h.Recovered().Session);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_to_leave_the_backlog_is_in_it_and_what_had_left_it_before_is_not(bool expires)
    {
        var h = new SessionHarness(Minute with { MaxInFlight = 2 });
        h.Connect(sessionPresent: false);
        h.Enqueue("refused", qos: 1);
        h.Enqueue("confirmed", qos: 1);
        h.Enqueue("waits", qos: 1, expiresAt: expires ? h.Now.AddMinutes(1) : null);
        h.Turn();
        var sent = h.TakeSent();
        h.Ack(AckKind.PubAck, sent[0].PacketId, 0x97); // A pause: nothing new is sent.
        h.Ack(AckKind.PubAck, sent[1].PacketId);
        h.Now += TimeSpan.FromMinutes(1);
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal(expires ? (1, 0) : (0, 1), (commit.Drops.Count, commit.Assigns.Count));
        Void(h);

        var id = Assert.Single(h.Restore!.Backlog).MessageId;
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(2, sent[1].Record!.MessageId));
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(3, id));
        h.AnswerRestore();
        Assert.Equal(expires ? ["PUBLISH refused"] : ["PUBLISH refused", "PUBLISH waits"], h.TakeSentTexts());
    }

    [Fact]
    public void A_message_that_is_sent_anew_after_it_comes_behind_all_that_were_sent()
    {
        var h = new SessionHarness(Minute with { RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        foreach (var topic in new[] { "a", "b", "c" }) h.Enqueue(topic);
        h.Turn();
        h.Ack(AckKind.PubRec, h.TakeSent()[0].PacketId, 0x80);
        h.Now += TimeSpan.FromSeconds(1);
        Assert.Single(h.Session.BuildCommit(h.Now)!.Moves);
        Void(h);
        h.AnswerRestore();
        Assert.Equal(["PUBLISH a"], h.TakeSentTexts());
        h.Cut();
        h.Connect();
        Assert.Equal(["PUBLISH b DUP", "PUBLISH c DUP", "PUBLISH a DUP"], h.TakeSentTexts());
    }

    [Fact]
    public void Its_new_packet_ids_are_free_again()
    {
        // Twice as many have no room beside those that are in flight.
        const int Many = 25_000;
        var h = new SessionHarness(new SessionSettings { MaxInFlight = Many, MaxBatch = Many, MaxBatchBytes = int.MaxValue });
        h.Connect(sessionPresent: false);
        for (var i = 0; i < Many; i++) h.Enqueue(qos: 1);
        h.Turn();
        Assert.Equal(Many, h.TakeSent().Count);
        h.Session.OnConnectionLost(h.Connection, new ConnectionLoss(LossCause.Local), h.Now);
        h.Session.OnConnected(new ConnectionInfo(h.Connection + 1, SessionPresent: false), h.Now);
        Assert.Equal(Many, h.Session.BuildCommit(h.Now)!.Moves.Count);
        Void(h);
        h.Session.OnRestored(new RestoreResult { Status = RestoreStatus.Restored, Tail = h.Session.Tail });
        Assert.Equal(Many, h.Session.BuildCommit(h.Now)!.Moves.Count);
    }
}
