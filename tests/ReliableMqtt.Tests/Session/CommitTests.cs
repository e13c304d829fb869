using ReliableMqtt.Dispatch;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What goes into one commit, and what its answer means for the next.</summary>
public class CommitTests
{
    private static readonly SessionSettings Small = new() { MaxBatch = 2, RetryDelay = _ => TimeSpan.FromSeconds(1) };

    [Fact]
    public void A_commit_has_no_more_drops_or_assigns_than_a_batch()
    {
        var h = new SessionHarness(Small);
        for (var i = 0; i < 3; i++) h.Enqueue("late", expiresAt: h.Now.AddSeconds(1));
        for (var i = 0; i < 3; i++) h.Enqueue("good");
        h.Turn();
        h.Now += TimeSpan.FromSeconds(1);
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        h.Enqueue("new");
        List<(int Drops, int Assigns, int Appends)> sizes = [];
        while (h.Session.BuildCommit(h.Now) is { } commit)
        {
            sizes.Add((commit.Drops.Count, commit.Assigns.Count, commit.Appends.Count));
            h.Commit(commit);
        }

        // The third one has expired and stays until the next commit; appends share the batch with assigns.
        Assert.Equal([(2, 0, 1), (1, 2, 0), (0, 2, 0)], sizes);
        h.Drain();
        Assert.Equal(["PUBLISH good", "PUBLISH good", "PUBLISH good", "PUBLISH new"], h.TakeSentTexts());
    }

    [Fact]
    public void A_new_message_goes_in_flight_at_once_when_this_commit_empties_the_backlog()
    {
        var h = new SessionHarness();
        h.Enqueue("late", expiresAt: h.Now.AddSeconds(1));
        h.Enqueue("good");
        h.Turn();
        h.Now += TimeSpan.FromSeconds(1);
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        h.Enqueue("new");
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal((1, 1), (commit.Drops.Count, commit.Assigns.Count));
        Assert.NotNull(Assert.Single(commit.Appends).PacketId);
    }

    [Fact]
    public void Behind_a_new_message_that_has_expired_none_goes_in_flight_at_once()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("late", expiresAt: h.Now);
        h.Enqueue("next");
        Assert.All(h.Session.BuildCommit(h.Now)!.Appends, append => Assert.Null(append.PacketId));
    }

    [Fact]
    public void The_ledger_is_told_the_lowest_unfinished_one_after_the_commit()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        for (var i = 0; i < 3; i++) h.Enqueue(qos: 1);
        var first = h.Session.BuildCommit(h.Now)!;
        Assert.Equal(1, first.LowestUnfinished);
        h.Commit(first);
        h.Drain();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, turn: false);
        Assert.Equal(2, h.Session.BuildCommit(h.Now)!.LowestUnfinished);
    }

    [Fact]
    public void What_a_commit_would_finish_is_unfinished_until_the_ledger_has_answered()
    {
        var h = new SessionHarness();
        h.Enqueue("late", expiresAt: h.Now.AddSeconds(1));
        h.Turn();
        var late = h.Now.AddSeconds(2);
        var drop = h.Session.BuildCommit(late)!;
        Assert.Single(drop.Drops);
        Assert.Equal((2, 1), (drop.LowestUnfinished, h.Session.LowestUnfinished));
        h.Commit(drop);
        Assert.Equal(2, h.Session.LowestUnfinished);

        h.Connect(sessionPresent: false);
        h.Enqueue(qos: 1);
        h.Turn();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, turn: false);
        var confirm = h.Session.BuildCommit(h.Now)!;
        Assert.Single(confirm.Confirms);
        Assert.Equal((3, 2), (confirm.LowestUnfinished, h.Session.LowestUnfinished));
        h.Commit(confirm);
        Assert.Equal(3, h.Session.LowestUnfinished);
    }

    [Fact]
    public void A_stage_that_has_gone_on_twice_is_stored_once()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue(qos: 2);
        h.Turn();
        h.Ack(AckKind.PubRec, h.TakeSent()[0].PacketId, turn: false);
        h.Session.OnConnectionLost(h.Connection, new ConnectionLoss(LossCause.Peer), h.Now);
        h.Session.OnConnected(new ConnectionInfo(2, SessionPresent: false), h.Now);
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Single(commit.Moves);
        Assert.Empty(commit.Releases);
    }

    [Fact]
    public void A_full_ledger_is_asked_for_ever_less_and_then_for_ever_more()
    {
        var h = new SessionHarness(new SessionSettings { MaxBatch = 8, RetryDelay = _ => TimeSpan.FromSeconds(1) }, maxPending: 8);
        h.Connect(sessionPresent: false);
        for (var i = 0; i < 8; i++) h.Enqueue("first", qos: 1);
        h.Turn();
        var first = h.TakeSent();
        for (var i = 0; i < 16; i++) h.Enqueue("next", qos: 1);
        List<int> Sizes()
        {
            List<int> sizes = [];
            while (h.Session.BuildCommit(h.Now) is { } commit)
            {
                if (commit.Appends.Count > 0) sizes.Add(commit.Appends.Count);
                h.Commit(commit);
                h.Drain();
            }

            return sizes;
        }

        Assert.Equal([8, 4, 2, 1], Sizes());
        Assert.True(h.Session.IsFull);
        Assert.Equal(8, h.Completions.Count(c => c.Kind == CompletionKind.Accepted));
        Assert.Equal(h.Now.AddSeconds(1), h.Session.WakeAt);

        // Room for all that are left.
        foreach (var packet in first) h.Session.OnAck(h.Connection, new Ack(AckKind.PubAck, packet.PacketId), h.Now);
        Assert.Empty(Sizes());
        h.Now += TimeSpan.FromSeconds(1);
        h.Session.Tick(h.Now);
        Assert.Equal([2, 4, 8], Sizes().Take(3)); // The commit of the acks was the first that went well.
        Assert.Equal("next", h.Sent[^1].Record!.Topic);
    }

    [Fact]
    public void A_ledger_with_room_again_is_not_full()
    {
        var h = new SessionHarness(Small, maxPending: 1);
        Assert.False(h.Session.IsFull);
        h.Connect(sessionPresent: false);
        h.Enqueue("a", qos: 1);
        h.Enqueue("b", qos: 1);
        h.Turn();
        Assert.True(h.Session.IsFull);
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId);
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.False(h.Session.IsFull);
        Assert.Equal(["PUBLISH b"], h.TakeSentTexts());
    }

    [Fact]
    public void Who_does_not_want_to_wait_for_room_is_told_that_there_is_none()
    {
        var h = new SessionHarness(Small with { Overflow = OverflowPolicy.Reject }, maxPending: 1);
        var ticket = new PublishTicket(wantsConfirm: false);
        h.Enqueue("a");
        h.Enqueue("b", ticket: ticket);
        h.Turn();
        Assert.Equal([CompletionKind.Accepted, CompletionKind.Full], h.Completions.Select(c => c.Kind));
        Assert.Equal(("b", ticket, PublishOutcome.NotAccepted), (h.Completions[1].Record.Topic, (PublishTicket)h.Completions[1].Ticket!, h.Completions[1].Outcome));
        Assert.Equal(0, h.Session.Unanswered);
        Assert.False(h.Session.IsFull);
    }

    [Fact]
    public void Behind_a_known_id_the_others_move_up_those_in_flight_and_those_in_the_backlog()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 3 });
        h.Connect(sessionPresent: false);
        h.Enqueue("first", qos: 1, id: "a");
        h.Turn();
        var first = h.TakeSent()[0].PacketId;
        h.Enqueue("again", qos: 1, id: "a");
        foreach (var topic in new[] { "b", "c", "d" }) h.Enqueue(topic, qos: 1);
        h.Turn();

        var sent = h.TakeSent();
        Assert.Equal(("b", 2L), (sent[0].Record!.Topic, sent[0].Record!.Sequence));
        Assert.Equal("again", Assert.Single(h.Completions, c => c.Kind == CompletionKind.Known).Record.Topic);
        h.Ack(AckKind.PubAck, first);
        foreach (var packet in sent) h.Ack(AckKind.PubAck, packet.PacketId);
        for (var more = h.TakeSent(); more.Count > 0; more = h.TakeSent())
        {
            sent.AddRange(more);
            foreach (var packet in more) h.Ack(AckKind.PubAck, packet.PacketId);
        }

        Assert.Equal([("b", 2L), ("c", 3L), ("d", 4L)], sent.Select(packet => (packet.Record!.Topic, packet.Record.Sequence)));
        Assert.Equal((0, 5), (h.Session.Pending, h.Session.LowestUnfinished));
        Assert.Empty(h.Recovered().InFlight);
    }

    [Fact]
    public async Task A_stale_owner_tells_where_its_lost_commit_stands_behind_those_of_others()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        h.Enqueue("mine");
        var stale = h.Session;
        var commit = stale.BuildCommit(h.Now)!;
        await h.Ledger.AcceptAsync([new LedgerRecord { Topic = "theirs", QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce }], TestContext.Current.CancellationToken);
        await h.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken);
        await h.Ledger.AcquireAsync(TestContext.Current.CancellationToken);
        stale.OnCommitted(await h.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken), h.Now);
        Assert.Equal(2, Assert.Single(stale.Outputs.Completions).Record.Sequence);
    }

    [Fact]
    public async Task A_stale_owner_does_not_call_the_ledger_full()
    {
        var h = new SessionHarness(Small with { Overflow = OverflowPolicy.Reject });
        h.Connect(sessionPresent: false);
        h.Enqueue("lost");
        var stale = h.Session;
        var commit = stale.BuildCommit(h.Now)!;
        await h.Ledger.AcquireAsync(TestContext.Current.CancellationToken);
        stale.OnCommitted(await h.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken), h.Now);
        Assert.Empty(stale.Outputs.Completions);
        Assert.Single(stale.TakeUnstored());
    }

    [Fact]
    public void Packet_ids_go_round_without_one_that_is_in_use_at_the_broker_until_a_clean_session()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 1_000, RetryDelay = _ => TimeSpan.FromSeconds(1) });
        h.Connect(sessionPresent: false);
        h.Enqueue(qos: 1);
        h.Turn();
        var tainted = h.TakeSent()[0].PacketId;
        h.Ack(AckKind.PubAck, tainted, 0x91);
        h.Ack(AckKind.PubAck, Assert.Single(h.TakeSent()).PacketId);
        HashSet<PacketId> GoRound()
        {
            HashSet<PacketId> used = [];
            for (var round = 0; round < 67; round++)
            {
                for (var i = 0; i < 1_000; i++) h.Enqueue(qos: 1);
                h.Turn();
                while (h.Sent.Count > 0)
                {
                    foreach (var packet in h.TakeSent())
                    {
                        used.Add(packet.PacketId);
                        h.Ack(AckKind.PubAck, packet.PacketId, turn: false);
                    }

                    h.Turn();
                }
            }

            h.Completions.Clear();
            return used;
        }

        var used = GoRound();
        Assert.DoesNotContain(tainted, used);
        Assert.Equal(PacketId.Max - PacketId.Min, used.Count); // All but one.
        h.Cut();
        h.Connect(sessionPresent: false);
        Assert.Contains(tainted, GoRound());
    }
}
