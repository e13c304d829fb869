using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What a new connection has to do with the one before, and what ends one.</summary>
public class ConnectionChangeTests
{
    private static PacketId[] Send(SessionHarness h, params string[] topics)
    {
        foreach (var topic in topics) h.Enqueue(topic, qos: 1);
        h.Turn();
        return [.. h.TakeSent().Select(packet => packet.PacketId)];
    }

    [Fact]
    public void A_connection_takes_the_place_of_one_whose_end_was_not_told()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 1 });
        h.Connect(sessionPresent: false);
        Send(h, "a");
        h.Connect();
        Assert.Equal(["PUBLISH a DUP"], h.TakeSentTexts());
    }

    [Theory]
    [InlineData(SessionLossPolicy.DeadLetter)]
    [InlineData(SessionLossPolicy.Republish)]
    public void A_lost_session_does_not_touch_what_has_never_left(SessionLossPolicy policy)
    {
        var h = new SessionHarness(new SessionSettings { SessionLossPolicy = policy });
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        var id = commit.Appends[0].PacketId;
        h.Cut();
        h.Commit(commit);
        h.Connect(sessionPresent: false);
        var packet = Assert.Single(h.TakeSent());
        Assert.Equal((id, false), (packet.PacketId, packet.Dup));
        Assert.Empty(h.Outcomes());
    }

    [Fact]
    public void Packet_ids_that_are_in_use_are_counted_for_each_connection()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        foreach (var id in Send(h, "a", "b")) h.Ack(AckKind.PubAck, id, 0x91);
        h.Cut();
        h.TakeSent();
        h.Connect();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x91);
        Assert.Equal(BrokerSession.Established, h.Recovered().Session);
        Assert.Equal(["PUBLISH a"], h.TakeSentTexts());
    }

    [Fact]
    public void A_session_that_is_to_end_ends_with_the_answer_after_which_nothing_is_in_flight()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        var ids = Send(h, "a");
        for (var i = 0; i < 2; i++)
        {
            h.Ack(AckKind.PubAck, ids[0], 0x91);
            ids = [h.TakeSent()[0].PacketId];
        }

        h.Ack(AckKind.PubAck, ids[0], 0x91, turn: false);
        var commit = h.Session.BuildCommit(h.Now)!;
        h.Enqueue("more"); // The next commit would not be empty.
        Assert.Null(h.Recycle);
        h.Commit(commit);
        Assert.Equal(RecycleReason.CleanStart, h.Recycle);
    }

    [Fact]
    public void A_confirm_widens_the_window_up_to_the_limit_and_not_beyond()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 3, Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        var ids = Send(h, "a", "b");
        h.Ack(AckKind.PubAck, ids[0]);
        h.Ack(AckKind.PubAck, ids[1], 0x97); // Half of three.
        Send(h, "c");
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH b"], h.TakeSentTexts());
    }

    [Fact]
    public void New_messages_share_the_batch_with_those_of_the_backlog()
    {
        var h = new SessionHarness(new SessionSettings { MaxBatch = 2 });
        h.Enqueue("backlog");
        h.Turn();
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        h.Enqueue("new");
        h.Enqueue("too many");
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal((1, 1), (commit.Assigns.Count, commit.Appends.Count));
    }
}
