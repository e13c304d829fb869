using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Messages that are not in flight: what is read, counted and kept of the backlog, and what is known of where a message is.</summary>
public class BacklogTests
{
    private readonly SessionHarness _session = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void What_was_just_appended_needs_no_reading()
    {
        for (var i = 0; i < 3; i++) _session.Enqueue($"t{i}");
        _session.Commit(_session.Session.BuildCommit(_session.Now)!);
        Assert.False(_session.Session.TryBeginRead(out _, out _));
        Assert.Equal(3, _session.Session.Pending);
    }

    [Fact]
    public void What_was_just_appended_behind_what_goes_in_flight_at_once_needs_no_reading_either()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 1 });
        h.Connect(sessionPresent: false);
        for (var i = 0; i < 3; i++) h.Enqueue();
        h.Commit(h.Session.BuildCommit(h.Now)!);
        Assert.Equal((1, 3), (h.Session.InFlight, h.Session.Pending));
        Assert.False(h.Session.TryBeginRead(out _, out _));
    }

    [Fact]
    public void Pages_are_asked_for_behind_what_went_in_flight_at_once()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue();
        _session.Turn();
        _session.Session.OnWork();
        Assert.True(_session.Session.TryBeginRead(out var after, out _));
        Assert.Equal(1, after);
    }

    [Fact]
    public void An_empty_page_is_not_asked_for_again_before_the_ledger_has_counted()
    {
        _session.Session.OnBacklogCount(2);
        Assert.True(_session.Session.TryBeginRead(out var after, out _));
        Assert.Equal(0, after);
        Assert.False(_session.Session.TryBeginRead(out _, out _)); // One is on its way.
        _session.Session.OnBacklog([]);
        Assert.False(_session.Session.TryBeginRead(out _, out _));

        _session.Session.OnBacklogCount(2);
        Assert.True(_session.Session.TryBeginRead(out _, out _));
        _session.Session.OnBacklog([Foreign(1)]);
        Assert.True(_session.Session.TryBeginRead(out after, out _)); // There is one more.
        Assert.Equal(1, after);
    }

    [Fact]
    public async Task The_answer_to_a_commit_counts_too()
    {
        _session.Session.OnBacklogCount(1);
        Assert.True(_session.Session.TryBeginRead(out _, out _));
        _session.Session.OnBacklog([]);
        await _session.Ledger.AcceptAsync([Foreign(0)], Cancel);
        _session.Enqueue("mine");
        _session.Commit(_session.Session.BuildCommit(_session.Now)!);
        Assert.Equal(2, _session.Session.Pending);
        Assert.True(_session.Session.TryBeginRead(out _, out _));
    }

    [Fact]
    public async Task A_page_counts_what_nobody_has_counted_and_nothing_twice()
    {
        await _session.Ledger.AcceptAsync([Foreign(0) with { Topic = "1" }, Foreign(0) with { Topic = "2" }], Cancel);
        var page = await _session.Ledger.ReadBacklogAsync(0, 10, Cancel);
        for (var time = 0; time < 2; time++)
        {
            _session.Session.OnWork();
            Assert.True(_session.Session.TryBeginRead(out _, out _));
            _session.Session.OnBacklog(page);
            Assert.Equal(2, _session.Session.Pending);
        }

        _session.Connect(sessionPresent: false);
        Assert.Equal(["PUBLISH 1", "PUBLISH 2"], _session.TakeSentTexts());
    }

    [Fact]
    public void What_leaves_with_the_commit_on_its_way_still_counts()
    {
        _session.Enqueue("late", expiresAt: _session.Now.AddSeconds(1));
        _session.Turn();
        _session.Now += TimeSpan.FromSeconds(1);
        Assert.Single(_session.Session.BuildCommit(_session.Now)!.Drops);
        _session.Session.OnWork();
        Assert.True(_session.Session.TryBeginRead(out _, out _));
        _session.Session.OnBacklog([Foreign(2)]);
        Assert.Equal(2, _session.Session.Pending);
    }

    [Fact]
    public void A_count_only_adds_and_not_while_a_commit_is_on_its_way()
    {
        for (var i = 0; i < 2; i++) _session.Enqueue($"t{i}");
        _session.Turn();
        _session.Session.OnBacklogCount(1);
        Assert.Equal(2, _session.Session.Pending);
        _session.Enqueue("new");
        Assert.NotNull(_session.Session.BuildCommit(_session.Now));
        _session.Session.OnBacklogCount(9);
        Assert.Equal(2, _session.Session.Pending);
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(1, 5)]
    [InlineData(5, 1)]
    public void A_new_process_knows_the_lowest_unfinished_one_before_it_has_read(int left, int lowest)
    {
        _session.Connect(sessionPresent: false);
        for (var i = 0; i < 5 - left; i++) _session.Enqueue(qos: 1);
        _session.Turn();
        foreach (var packet in _session.TakeSent()) _session.Ack(AckKind.PubAck, packet.PacketId);
        _session.Cut();
        for (var i = 0; i < left; i++) _session.Enqueue(qos: 1);
        _session.Turn();
        Assert.Equal(lowest, _session.Session.LowestUnfinished);

        _session.Crash();
        // What is below the backlog in the ledger, nobody has told it yet.
        Assert.Equal(left == 0 ? 6 : 1, _session.Session.LowestUnfinished);
        Assert.Equal(left, _session.Session.Pending);
    }

    [Fact]
    public void Messages_after_a_mark_share_no_commit_with_those_before()
    {
        _session.Enqueue("a");
        _session.Session.Mark();
        foreach (var topic in new[] { "b", "c" }) _session.Enqueue(topic);
        List<string> commits = [];
        while (_session.Session.BuildCommit(_session.Now) is { } commit)
        {
            commits.Add(string.Concat(commit.Appends.Select(append => append.Record.Topic)));
            _session.Commit(commit);
        }

        Assert.Equal(["a", "bc"], commits);
    }

    [Fact]
    public void New_messages_without_an_answer_are_counted_and_taken_out_once()
    {
        _session.Enqueue("stored");
        Assert.NotNull(_session.Session.BuildCommit(_session.Now));
        _session.Enqueue("waiting");
        Assert.Equal(2, _session.Session.Unanswered);
        Assert.Equal("waiting", Assert.Single(_session.Session.TakeUnstored()).Record.Topic);
        Assert.Empty(_session.Session.TakeUnstored());
        Assert.Equal(1, _session.Session.Unanswered);
    }

    [Fact]
    public void It_is_known_where_a_message_is()
    {
        var h = new SessionHarness(new SessionSettings { MaxInFlight = 3 });
        h.Connect(sessionPresent: false);
        foreach (var topic in new[] { "finished", "confirming", "sent", "backlog", "last" }) h.Enqueue(topic, qos: 1);
        h.Turn();
        var sent = h.TakeSent();
        h.Ack(AckKind.PubAck, sent[0].PacketId);
        h.Session.OnAck(h.Connection, new Ack(AckKind.PubAck, sent[1].PacketId), h.Now);
        var ids = h.Completions.Where(c => c.Kind == CompletionKind.Accepted).Select(c => c.Record.MessageId).ToList();

        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(1, ids[0]));
        Assert.Equal(Whereabouts.Confirmed, h.Session.Locate(2, ids[1]));
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(3, ids[2]));
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(3, ids[1])); // Of another ledger.
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(4, ids[3]));
        Assert.Equal(Whereabouts.Pending, h.Session.Locate(5, ids[4]));
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(6, ids[4]));

        h.Session.OnLost([new SequenceRange(5, 5)]);
        Assert.Equal(Whereabouts.Elsewhere, h.Session.Locate(5, ids[4]));
    }

    [Fact]
    public void Nothing_is_in_an_empty_backlog_nor_below_what_has_left_it()
    {
        Assert.Equal(1, _session.Session.LowestUnfinished);
        Assert.Equal(Whereabouts.Elsewhere, _session.Session.Locate(1, default));
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a", qos: 1);
        _session.Turn();
        _session.Ack(AckKind.PubAck, _session.TakeSent()[0].PacketId);
        _session.Cut();
        Assert.Equal(Whereabouts.Elsewhere, _session.Session.Locate(1, default));
        Assert.Equal(Whereabouts.Elsewhere, _session.Session.Locate(2, default));
        _session.Enqueue("b", qos: 1);
        _session.Turn();
        Assert.Equal(Whereabouts.Elsewhere, _session.Session.Locate(1, default));
        Assert.Equal(Whereabouts.Pending, _session.Session.Locate(2, default));
    }

    private static LedgerRecord Foreign(long sequence) =>
        new() { Sequence = sequence, MessageId = sequence == 0 ? default : new MessageId($"f{sequence}"), Topic = $"{sequence}", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
}
