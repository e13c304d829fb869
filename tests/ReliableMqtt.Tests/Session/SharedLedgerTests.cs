using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What the ledger may answer besides yes: others have appended, ids are known, another owner has come.</summary>
public class SharedLedgerTests
{
    private readonly SessionHarness _session = new();

    [Fact]
    public async Task Messages_of_others_come_first_when_they_were_accepted_first()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("mine", qos: 1);
        var commit = _session.Session.BuildCommit(_session.Now)!;
        await _session.Ledger.AcceptAsync([Foreign("other")], TestContext.Current.CancellationToken);

        _session.Commit(commit);
        _session.Turn();

        Assert.Equal(["PUBLISH other", "PUBLISH mine"], _session.TakeSentTexts());
    }

    [Fact]
    public async Task Messages_that_go_behind_those_of_others_keep_their_order()
    {
        _session.Enqueue("mine");
        _session.Enqueue("mine too");
        var commit = _session.Session.BuildCommit(_session.Now)!;
        await _session.Ledger.AcceptAsync([Foreign("other")], TestContext.Current.CancellationToken);
        _session.Commit(commit);
        Assert.Equal([("mine", 2L), ("mine too", 3L)], _session.Completions.Select(c => (c.Record.Topic, c.Record.Sequence)));
    }

    [Fact]
    public void A_known_id_is_answered_with_what_is_known_and_the_others_go_on()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("first", qos: 1, id: "a");
        _session.Turn();
        _session.TakeSent();
        _session.Enqueue("again", qos: 1, id: "a");
        _session.Enqueue("other", qos: 1, id: "b");
        _session.Turn();

        Assert.Equal(["PUBLISH other"], _session.TakeSentTexts());
        var known = Assert.Single(_session.Completions, c => c.Kind == CompletionKind.Known);
        Assert.Equal((LedgerStatus.Pending, 1L), (known.Existing!.Status, known.Existing.Sequence));
    }

    [Fact]
    public void The_same_id_twice_in_one_turn_is_stored_once()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("t", qos: 1, id: "a");
        _session.Enqueue("t", qos: 1, id: "a");
        _session.Turn();

        Assert.Single(_session.TakeSent());
        Assert.Single(_session.Completions, c => c.Kind == CompletionKind.Known);
    }

    [Fact]
    public async Task A_stale_owner_sends_nothing_more()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue();
        var commit = _session.Session.BuildCommit(_session.Now)!;
        var stale = _session.Session;
        _session.Crash();

        stale.OnCommitted(await _session.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken), _session.Now);

        Assert.Equal(CommitStatus.Fenced, stale.Outputs.Stopped);
        Assert.Empty(stale.Outputs.Sends);
        Assert.Null(stale.BuildCommit(_session.Now));
    }

    [Fact]
    public async Task A_stale_owner_accepts_what_its_lost_answer_had_stored_and_sends_nothing()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("stored");
        var stale = _session.Session;
        var commit = stale.BuildCommit(_session.Now)!;
        await _session.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken);
        await _session.Ledger.AcquireAsync(TestContext.Current.CancellationToken);

        stale.OnCommitted(await _session.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken), _session.Now);

        Assert.Equal((CompletionKind.Accepted, 1L), Assert.Single(stale.Outputs.Completions) is var accepted ? (accepted.Kind, accepted.Record.Sequence) : default);
        Assert.Empty(stale.Outputs.Sends);
        Assert.Empty(stale.Uncertain);
        Assert.Empty(stale.TakeUnstored());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("id")]
    public async Task A_stale_owner_gives_back_what_its_last_commit_did_not_store(string? id)
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("lost", id: id is null ? default : new MessageId(id));
        var stale = _session.Session;
        var commit = stale.BuildCommit(_session.Now)!;
        await _session.Ledger.AcquireAsync(TestContext.Current.CancellationToken);

        stale.OnCommitted(await _session.Ledger.CommitAsync(commit, TestContext.Current.CancellationToken), _session.Now);

        Assert.Empty(stale.Uncertain);
        var unstored = Assert.Single(stale.TakeUnstored()).Record;
        Assert.Equal((0L, id ?? ""), (unstored.Sequence, unstored.MessageId.IsEmpty ? "" : unstored.MessageId.Value));
    }

    [Fact]
    public void A_withdrawn_message_is_not_stored()
    {
        var ticket = new ReliableMqtt.Dispatch.PublishTicket(false);
        Assert.True(ticket.TryWithdraw());
        _session.Enqueue(ticket: ticket);
        _session.Turn();

        Assert.Equal(0, _session.Session.Pending);
        Assert.Equal(0, _session.Session.Unanswered);
    }

    private static LedgerRecord Foreign(string topic) => new() { Topic = topic, QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
}
