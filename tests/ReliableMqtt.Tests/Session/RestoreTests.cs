using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>The ledger has lost writes under a living session: what it writes back, and how it goes on.</summary>
public class RestoreTests
{
    private readonly SessionHarness _session = new(new SessionSettings { MaxInFlight = 6, Prefetch = 4, RetryDelay = _ => TimeSpan.FromMinutes(1) });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PacketId[] Start(params string[] topics)
    {
        foreach (var topic in topics) _session.Enqueue(topic);
        _session.Turn();
        return [.. _session.TakeSent().Select(packet => packet.PacketId)];
    }

    /// <summary>A commit that finds out.</summary>
    private void FindOut()
    {
        _session.Enqueue("probe");
        _session.Turn();
        Assert.NotNull(_session.Restore);
    }

    [Fact]
    public void Each_handshake_is_written_back_as_the_ledger_had_it_last()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        var ids = Start("sent", "releasing", "released", "confirming", "parked", "abandoning");
        foreach (var i in new[] { 2, 3 }) _session.Ack(AckKind.PubRec, ids[i]);
        _session.Ack(AckKind.PubRec, ids[4], 0x80);
        _session.Turn();
        goBack();

        // These have come and are in no answered commit.
        _session.Ack(AckKind.PubRec, ids[1], turn: false);
        _session.Ack(AckKind.PubComp, ids[3], turn: false);
        _session.Ack(AckKind.PubRec, ids[5], 0x87, turn: false);
        _session.TakeSent();
        _session.Turn();

        var entries = _session.Restore!.InFlight.ToDictionary(entry => entry.Record.Topic);
        Assert.Equal(ids, entries.Values.OrderBy(entry => entry.Record.Sequence).Select(entry => entry.PacketId));
        var expected = new Dictionary<string, InflightStage>
        {
            ["sent"] = InflightStage.Sent,
            ["releasing"] = InflightStage.Sent,
            ["released"] = InflightStage.Released,
            ["confirming"] = InflightStage.Released,
            ["parked"] = InflightStage.Parked,
            ["abandoning"] = InflightStage.Sent,
        };
        Assert.Equal(expected, entries.ToDictionary(entry => entry.Key, entry => entry.Value.State.Stage));
        Assert.Equal((1, _session.Now.AddMinutes(1)), (entries["parked"].State.Refusals, entries["parked"].State.DueAt));
        Assert.Equal([1L, 2L], new[] { "released", "confirming" }.Select(topic => entries[topic].State.ReleaseOrder));
        Assert.Empty(_session.TakeSent());

        _session.AnswerRestore();
        Assert.Equal(["PUBREL"], _session.TakeSentTexts());
        Assert.Equal([PublishOutcome.Confirmed, PublishOutcome.Rejected], _session.Outcomes());
        Assert.Equal(4, _session.Recovered().InFlight.Count);
    }

    [Fact]
    public void The_connection_and_the_brokers_session_live_on()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        var ids = Start("a", "b");
        _session.Ack(AckKind.PubRec, ids[0]);
        goBack();
        FindOut();
        _session.AnswerRestore();
        Assert.Null(_session.Recycle);
        Assert.False(_session.Session.NeedsCleanStart);
        Assert.Equal(["PUBREL", "PUBLISH probe"], _session.TakeSentTexts());
        _session.Ack(AckKind.PubComp, ids[0]);
        _session.Ack(AckKind.PubRec, ids[1]);
        _session.Ack(AckKind.PubComp, ids[1]);
        Assert.Equal([PublishOutcome.Confirmed, PublishOutcome.Confirmed], _session.Outcomes());
        Assert.Equal(BrokerSession.Established, _session.Recovered().Session);
    }

    [Fact]
    public void What_was_in_the_void_commit_is_stored_by_the_next_one()
    {
        _session.Connect(sessionPresent: false);
        for (var i = 0; i < 8; i++) _session.Enqueue($"m{i}");
        _session.Enqueue("late", expiresAt: _session.Now.AddSeconds(1));
        _session.Turn();
        var ids = _session.TakeSent().Select(packet => packet.PacketId).ToList();
        var goBack = _session.Save();
        _session.Ack(AckKind.PubRec, ids[0]);
        _session.Ack(AckKind.PubComp, ids[0]); // m6 goes in flight.
        goBack();
        _session.TakeSent();
        _session.Ack(AckKind.PubRec, ids[1], turn: false);
        _session.Ack(AckKind.PubRec, ids[2], 0x87, turn: false);
        var ticket = new PublishTicket(wantsConfirm: false);
        _session.Enqueue("new", id: "new", ticket: ticket);
        _session.Now += TimeSpan.FromSeconds(2);
        _session.Turn();

        // The void commit would have stored two acks, have put m7 in flight, and have appended.
        Assert.Equal(["m7", "late"], _session.Restore!.Backlog.Select(record => record.Topic));
        Assert.DoesNotContain(_session.Restore.InFlight, entry => entry.Record.Topic == "m7");
        Assert.False(ticket.Done.IsCompleted);
        Assert.Empty(_session.TakeSent());
        Assert.False(_session.Session.IsCommitting);
        Assert.Equal((2, 2), (_session.Restore.LowestUnfinished, _session.Session.LowestUnfinished));

        _session.AnswerRestore();
        Assert.Equal(["PUBREL", "PUBLISH m7"], _session.TakeSentTexts());
        Assert.Equal([PublishOutcome.Confirmed, PublishOutcome.Rejected, PublishOutcome.Expired], _session.Outcomes().Order());
        Assert.Single(_session.Completions, completion => completion.Kind == CompletionKind.Accepted && completion.Record.Topic == "new" && completion.Ticket == ticket);
        Assert.Equal((6, 1), (_session.Statistics().InFlight, _session.Statistics().Backlog));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("id")]
    public async Task What_was_read_back_from_a_commit_without_an_answer_is_stored_once(string? id)
    {
        var goBack = _session.Save();
        var theirs = new LedgerRecord { Topic = "theirs", QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce };
        Assert.Single(await _session.Ledger.AcceptAsync([theirs], Cancel));
        _session.Enqueue("mine", id: id is null ? default : new MessageId(id));
        var commit = _session.Session.BuildCommit(_session.Now)!;

        // It is applied behind theirs, nobody hears of it, and both are read.
        Assert.Equal(2, (await _session.Ledger.CommitAsync(commit, Cancel)).FirstMoved);
        _session.Session.OnWork();
        Assert.True(_session.Session.TryBeginRead(out var after, out var count));
        _session.Session.OnBacklog(await _session.Ledger.ReadBacklogAsync(after, count, Cancel));
        goBack();
        _session.Commit(commit);
        Assert.Equal(["theirs"], _session.Restore!.Backlog.Select(record => record.Topic));
        Assert.DoesNotContain(_session.Restore.Known, range => range.Contains(2));

        _session.AnswerRestore();
        Assert.Equal(["theirs", "mine"], (await _session.Ledger.ReadBacklogAsync(0, 10, Cancel)).Select(record => record.Topic));
    }

    [Fact]
    public void An_end_that_was_in_the_void_commit_is_none_yet()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        var ids = Start("refused");
        goBack();
        _session.Ack(AckKind.PubRec, ids[0], 0x87);
        Assert.Equal((1, 1), (_session.Restore!.LowestUnfinished, _session.Session.LowestUnfinished));
        Assert.Empty(_session.Outcomes());
        _session.AnswerRestore();
        Assert.Equal([PublishOutcome.Rejected], _session.Outcomes());
    }

    [Fact]
    public void What_is_sent_anew_and_what_is_sent_first_keep_their_order()
    {
        var session = new SessionHarness(new SessionSettings { Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromMinutes(1) });
        session.Connect(sessionPresent: false);
        session.Enqueue("anew");
        session.Turn();
        session.Ack(AckKind.PubRec, session.TakeSent()[0].PacketId, 0x80);
        session.Cut();
        var goBack = session.Save();
        session.Enqueue("first");
        session.Turn();
        goBack();
        session.Now += TimeSpan.FromMinutes(2);
        session.Connect(); // One commit gives both of them a packet id, and is void.
        session.AnswerRestore();
        Assert.Equal(["PUBLISH anew", "PUBLISH first"], session.TakeSentTexts());
        Assert.Equal(["anew", "first"], session.Recovered().InFlight.OrderBy(entry => entry.State.Order).Select(entry => entry.Record.Topic));
        session.Cut();
        session.Connect();
        Assert.Equal(["PUBLISH anew DUP", "PUBLISH first DUP"], session.TakeSentTexts());
    }

    [Fact]
    public void A_call_that_gave_up_meanwhile_is_not_stored()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        Start("a");
        goBack();
        var ticket = new PublishTicket(wantsConfirm: false);
        _session.Enqueue("withdrawn", ticket: ticket);
        var commit = _session.Session.BuildCommit(_session.Now)!;
        Assert.False(ticket.TryWithdraw());
        _session.Commit(commit);
        Assert.True(ticket.IsWithdrawn);
        _session.AnswerRestore();
        Assert.DoesNotContain(_session.TakeSent(), packet => packet.Record!.Topic == "withdrawn");
        Assert.Equal(1, _session.Session.Pending);
    }

    [Fact]
    public void Packets_wait_for_the_answer_and_go_with_their_connection()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        var ids = Start("a", "b");
        _session.Ack(AckKind.PubRec, ids[0]);
        _session.TakeSent();
        goBack();
        FindOut();

        _session.Ack(AckKind.PubRec, ids[0]); // Repeated: PUBREL is due again.
        Assert.Empty(_session.TakeSent());
        _session.Cut();
        _session.Connect();
        Assert.Empty(_session.TakeSent());

        _session.AnswerRestore();
        Assert.Equal(["PUBREL", "PUBLISH b DUP", "PUBLISH probe"], _session.TakeSentTexts());
    }

    [Fact]
    public void Acks_that_come_before_the_answer_are_stored_after_it()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        var ids = Start("a");
        goBack();
        FindOut();
        _session.Ack(AckKind.PubRec, ids[0]);
        Assert.Null(_session.Session.BuildCommit(_session.Now));
        Assert.Equal(InflightStage.Sent, Assert.Single(_session.Restore!.InFlight).State.Stage);
        _session.AnswerRestore();
        Assert.Equal(InflightStage.Released, _session.Recovered().InFlight.Single(entry => entry.PacketId == ids[0]).State.Stage);
    }

    [Fact]
    public async Task A_page_that_was_read_before_the_loss_does_not_count()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        Start("a");
        await _session.Ledger.AcceptAsync([new LedgerRecord { Topic = "lost", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce }], Cancel);
        _session.Session.OnBacklogCount(1);
        Assert.True(_session.Session.TryBeginRead(out var after, out var count));
        var page = await _session.Ledger.ReadBacklogAsync(after, count, Cancel);
        goBack();
        _session.Session.OnRolledBack();
        _session.Drain();
        _session.AnswerRestore();

        _session.Session.OnBacklog(page);
        _session.Turn();
        Assert.Empty(_session.TakeSent());
        Assert.Equal(1, _session.Session.Pending);

        // The next one does.
        await _session.Ledger.AcceptAsync([new LedgerRecord { Topic = "there", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce }], Cancel);
        _session.Session.OnWork();
        _session.Turn();
        Assert.Contains("PUBLISH there", _session.TakeSentTexts());
    }

    [Fact]
    public void What_this_process_has_just_put_behind_the_part_in_memory_comes_back_too()
    {
        // Without a connection nothing leaves the backlog, of which four are in memory.
        var goBack = _session.Save();
        for (var i = 0; i < 10; i++) _session.Enqueue($"m{i}");
        _session.Turn();
        goBack();
        _session.Session.OnRolledBack();
        _session.Drain();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"m{i}"), _session.Restore!.Backlog.Select(record => record.Topic));
        Assert.Equal(4, _session.Restore.BacklogUpTo);
        Assert.Equal(10, _session.AnswerRestore().BacklogCount);

        // After a while it is the ledger's alone.
        _session.Now += RecentWrites.Kept + TimeSpan.FromSeconds(1);
        _session.Enqueue("last");
        _session.Turn();
        _session.Session.OnRolledBack();
        _session.Drain();
        Assert.Equal(["m0", "m1", "m2", "m3", "last"], _session.Restore!.Backlog.Select(record => record.Topic));
    }

    [Fact]
    public void Ends_are_remembered_with_what_they_say()
    {
        _session.Enqueue("expired", expiresAt: _session.Now.AddSeconds(-1));
        _session.Turn();
        _session.Connect(sessionPresent: false);
        _session.Enqueue("confirmed", id: "c", qos: 1);
        _session.Enqueue("rejected", qos: 1);
        _session.Enqueue("automatic", qos: 1);
        _session.Turn();
        var ids = _session.TakeSent().Select(packet => packet.PacketId).ToList();
        _session.Ack(AckKind.PubAck, ids[0], 0x10);
        _session.Ack(AckKind.PubAck, ids[1], 0x87);
        _session.Ack(AckKind.PubAck, ids[2]);
        _session.Session.OnRolledBack();
        _session.Drain();

        var memory = _session.Restore!;
        Assert.Equal([("c", LedgerStatus.Confirmed, 0x10)], memory.Finished.Where(answer => !answer.MessageId.IsAutomatic).Select(answer => (answer.MessageId.Value, answer.Status, (int)answer.ReasonCode!)));
        Assert.Equal(LedgerStatus.Expired, Assert.Single(memory.Finished, answer => answer.MessageId.IsAutomatic).Status);
        Assert.Equal((DeadLetterCause.Rejected, (byte?)0x87), (Assert.Single(memory.DeadLetters).Reason.Cause, memory.DeadLetters[0].Reason.ReasonCode));
        Assert.Equal([1, 3], memory.Unconfirmed.Order());
        Assert.Equal([new SequenceRange(1, 4)], memory.Known);
        Assert.Equal(5, memory.LowestUnfinished);
    }

    [Fact]
    public void Somebody_else_has_the_ledger_now()
    {
        _session.Connect(sessionPresent: false);
        _session.Session.OnRolledBack();
        _session.Session.OnRestored(new RestoreResult { Status = RestoreStatus.Fenced });
        Assert.Equal(CommitStatus.Fenced, _session.Session.Outputs.Stopped);
        Assert.Null(_session.Session.BuildCommit(_session.Now));
    }

    [Fact]
    public void The_void_commit_and_the_restore_share_a_number_and_a_restore_without_one_takes_the_next()
    {
        _session.Connect(sessionPresent: false);
        var goBack = _session.Save();
        Start("a");
        goBack();
        _session.Enqueue("probe");
        var commit = _session.Session.BuildCommit(_session.Now)!;
        _session.Commit(commit);
        Assert.Equal(commit.Operation, _session.Restore!.Operation);
        _session.AnswerRestore();
        var last = _session.Recovered().LastOperation;
        _session.Session.OnRolledBack();
        Assert.Equal(last + 1, _session.Session.Outputs.Restore!.Operation);
        Assert.True(_session.Session.IsRestoring);
    }
}
