using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>The lists of a commit are the ledger's until it has answered, and the session's again after that.</summary>
public class CommitListsTests
{
    private static readonly CommitResult Applied = new() { Status = CommitStatus.Applied };

    [Fact]
    public void The_lists_of_an_answered_commit_are_empty_and_serve_the_next()
    {
        var h = Connected();
        h.Enqueue("a", qos: 1);
        var first = h.Session.BuildCommit(h.Now)!;
        Assert.Equal("a", Assert.Single(first.Appends).Record.Topic);
        h.Commit(first);
        Assert.True(IsEmpty(first), "an answered commit keeps a message in memory");

        h.Enqueue("b", qos: 1);
        var second = h.Session.BuildCommit(h.Now)!;
        Assert.Same(first.Appends, second.Appends);
        Assert.Equal("b", Assert.Single(second.Appends).Record.Topic);
    }

    [Fact]
    public void Every_list_of_an_answered_commit_is_emptied()
    {
        var h = new SessionHarness(new SessionSettings { Ordering = PublishOrdering.None });
        h.Connect(sessionPresent: false);
        var ids = Send(h, (1, "confirmed"), (2, "released"), (1, "refused for good"), (1, "refused for now"));
        h.Enqueue("new", qos: 1);
        h.Session.OnAck(h.Connection, new Ack(AckKind.PubAck, ids[0]), h.Now);
        h.Session.OnAck(h.Connection, new Ack(AckKind.PubRec, ids[1]), h.Now);
        h.Session.OnAck(h.Connection, new Ack(AckKind.PubAck, ids[2], 0x90), h.Now);
        h.Session.OnAck(h.Connection, new Ack(AckKind.PubAck, ids[3], 0x80), h.Now);
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal((1, 1, 1, 1, 1), (commit.Confirms.Count, commit.Releases.Count, commit.DeadLetters.Count, commit.Moves.Count, commit.Appends.Count));
        h.Commit(commit);
        Assert.True(IsEmpty(commit), "an answered commit keeps a message in memory");
    }

    [Fact]
    public void The_heads_of_the_backlog_leave_the_lists_as_well()
    {
        var h = new SessionHarness();
        h.Enqueue("expires", qos: 1, expiresAt: h.Now.AddSeconds(1));
        h.Enqueue("stays", qos: 1);
        h.Turn();
        h.Now = h.Now.AddSeconds(2);
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        var commit = h.Session.BuildCommit(h.Now)!;
        Assert.Equal((1, 1), (commit.Drops.Count, commit.Assigns.Count));
        h.Commit(commit);
        Assert.True(IsEmpty(commit), "an answered commit keeps a message in memory");
    }

    [Fact]
    public void What_a_failed_call_may_still_read_is_never_changed()
    {
        var h = Connected();
        h.Enqueue("a", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        var asItWas = commit.Copied();
        Assert.Null(h.Session.OnCommitted(Applied with { Tail = 1 }, h.Now, mayStillBeRead: true));
        h.Enqueue("b", qos: 1);
        var next = h.Session.BuildCommit(h.Now)!;
        Assert.True(commit.Says(asItWas), "it was changed");
        Assert.NotSame(commit.Appends, next.Appends);
        Assert.Equal("b", Assert.Single(next.Appends).Record.Topic);
    }

    [Fact]
    public void A_commit_that_comes_again_without_known_ids_leaves_the_first_one_as_it_was()
    {
        var h = Connected();
        h.Enqueue("known", qos: 1, id: new MessageId("x"));
        h.Turn();
        h.Enqueue("again", qos: 1, id: new MessageId("x"));
        h.Enqueue("new", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        var asItWas = commit.Copied();
        var again = h.Session.OnCommitted(
            new CommitResult { Status = CommitStatus.KnownIds, Tail = 1, Known = [new KnownAppend(0, new StatusAnswer(new MessageId("x"), LedgerStatus.Pending))] }, h.Now)!;
        Assert.True(commit.Says(asItWas), "it was changed");
        Assert.Equal(["new"], again.Appends.Select(append => append.Record.Topic));
    }

    [Fact]
    public void A_commit_that_a_store_has_lost_is_never_changed()
    {
        var h = Connected();
        h.Enqueue("a", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        var asItWas = commit.Copied();
        h.Session.OnRolledBack();
        h.Session.OnRestored(new RestoreResult { Status = RestoreStatus.Restored });
        var next = h.Session.BuildCommit(h.Now)!;
        Assert.NotSame(commit.Appends, next.Appends);
        Assert.True(commit.Says(asItWas), "it was changed");
    }

    [Fact]
    public void Lists_that_have_grown_far_beyond_the_usual_are_let_go()
    {
        // As a process with a larger window has left it.
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 64, MaxBatch = 64 });
        h.Connect(sessionPresent: false);
        Send(h, [.. Enumerable.Range(0, 64).Select(i => (1, $"{i}"))]);
        var narrow = new PublishSession(new SessionSettings { MaxInFlight = 4, MaxBatch = 4 }, new LedgerEpoch("next"), h.Recovered());
        narrow.OnConnected(new ConnectionInfo(1, SessionPresent: true), h.Now);
        // Each ack lets the next one leave.
        for (var i = 0; i < 64; i++) narrow.OnAck(1, new Ack(AckKind.PubAck, narrow.Outputs.Sends[i].PacketId), h.Now);
        List<LedgerCommit> commits = [];
        for (var i = 0; i < 3; i++)
        {
            commits.Add(narrow.BuildCommit(h.Now)!);
            if (i == 0) Assert.Equal(64, commits[0].Confirms.Count);
            narrow.OnCommitted(Applied with { Tail = 64 + i }, h.Now);
            narrow.Enqueue(Record("t"), null);
        }

        Assert.NotSame(commits[0].Confirms, commits[1].Confirms);
        Assert.Same(commits[0].Releases, commits[1].Releases);
        Assert.Same(commits[1].Confirms, commits[2].Confirms);
    }

    private static SessionHarness Connected()
    {
        var h = new SessionHarness();
        h.Connect(sessionPresent: false);
        return h;
    }

    private static List<PacketId> Send(SessionHarness h, params (int Qos, string Topic)[] messages)
    {
        h.TakeSent();
        foreach (var (qos, topic) in messages) h.Enqueue(topic, qos);
        h.Turn();
        return [.. h.TakeSent().Select(packet => packet.PacketId)];
    }

    private static LedgerRecord Record(string topic) => new() { Topic = topic, QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce };

    private static bool IsEmpty(LedgerCommit commit) => commit.Confirms.Count + commit.Releases.Count + commit.DeadLetters.Count + commit.Moves.Count
        + commit.Drops.Count + commit.Assigns.Count + commit.Appends.Count == 0;
}
