using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>From the word that the ledger has lost writes to the answer that it has them again: what is told, what waits, and where all goes on.</summary>
public class RestoreAnswerTests
{
    private readonly SessionHarness _session = new(new SessionSettings { MaxInFlight = 6, Prefetch = 4 });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static LedgerRecord Foreign(string topic) => new() { Topic = topic, QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };

    private static RestoreResult Restored(long tail, long backlog) => new() { Status = RestoreStatus.Restored, Tail = tail, BacklogCount = backlog };

    private void Lose()
    {
        _session.Session.OnRolledBack();
        _session.Drain();
        Assert.NotNull(_session.Restore);
    }

    [Fact]
    public void A_loss_that_is_told_twice_is_one()
    {
        _session.Connect(sessionPresent: false);
        Lose();
        var operation = _session.Restore!.Operation;
        _session.Session.OnRolledBack();
        Assert.Null(_session.Session.Outputs.Restore);
        _session.AnswerRestore();
        _session.Enqueue();
        Assert.Equal(operation + 1, _session.Session.BuildCommit(_session.Now)!.Operation);
    }

    [Fact]
    public void Who_no_longer_owns_the_ledger_writes_nothing_back()
    {
        _session.Enqueue();
        Assert.NotNull(_session.Session.BuildCommit(_session.Now));
        _session.Session.OnCommitted(new CommitResult { Status = CommitStatus.Fenced }, _session.Now);
        _session.Session.OnRolledBack();
        Assert.Null(_session.Session.Outputs.Restore);
        Assert.False(_session.Session.IsRestoring);
    }

    [Fact]
    public async Task A_page_from_before_the_loss_does_not_count_behind_what_was_in_memory_either()
    {
        _session.Enqueue("mine");
        _session.Turn();
        var goBack = _session.Save();
        await _session.Ledger.AcceptAsync([Foreign("lost")], Cancel);
        _session.Session.OnWork();
        Assert.True(_session.Session.TryBeginRead(out var after, out var count));
        var page = await _session.Ledger.ReadBacklogAsync(after, count, Cancel);
        Assert.Single(page);
        goBack();
        Lose();
        _session.AnswerRestore();

        _session.Session.OnBacklog(page);
        Assert.Equal(1, _session.Session.Pending);
        _session.Connect(sessionPresent: false);
        Assert.DoesNotContain(_session.TakeSent(), packet => packet.Record!.Sequence == page[0].Sequence); // Its acceptor puts it there anew.
    }

    [Fact]
    public void What_was_to_leave_in_the_same_turn_waits_for_the_answer_and_leaves_once()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a");
        _session.Turn();
        var id = _session.TakeSent()[0].PacketId;
        _session.Ack(AckKind.PubRec, id);
        _session.TakeSent();

        // A repeated PUBREC and the loss come in one turn.
        _session.Session.OnAck(_session.Connection, new Ack(AckKind.PubRec, id), _session.Now);
        Lose();
        Assert.Empty(_session.TakeSent());
        _session.AnswerRestore();
        Assert.Equal(["PUBREL"], _session.TakeSentTexts());

        Lose();
        _session.AnswerRestore();
        Assert.Empty(_session.TakeSent());
    }

    [Fact]
    public void Sequences_and_pages_go_on_behind_the_new_tail()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a");
        _session.Turn();
        Lose();
        var tail = _session.AnswerRestore().Tail;
        Assert.True(tail > 1);
        Assert.Equal(tail, _session.Session.Tail);
        _session.Session.OnWork();
        Assert.True(_session.Session.TryBeginRead(out var after, out _));
        Assert.Equal(tail, after);
    }

    [Fact]
    public void What_was_not_there_to_be_read_is_looked_for_again()
    {
        _session.Session.OnBacklogCount(2);
        Assert.True(_session.Session.TryBeginRead(out _, out _));
        _session.Session.OnBacklog([]);
        Assert.False(_session.Session.TryBeginRead(out _, out _));
        Lose();
        _session.Session.OnRestored(Restored(tail: 5, backlog: 1));
        Assert.True(_session.Session.TryBeginRead(out var after, out _));
        Assert.Equal(0, after); // Nothing of it has been read.
    }

    [Fact]
    public void What_the_answer_names_as_lost_is_nowhere()
    {
        _session.Enqueue("a");
        _session.Turn();
        Lose();
        _session.Session.OnRestored(Restored(tail: 10, backlog: 1) with { Lost = [new SequenceRange(2, 9)] });
        var where = new[] { 1, 2, 9, 10 }.Select(sequence => _session.Session.Locate(sequence, default));
        Assert.Equal([Whereabouts.Pending, Whereabouts.Elsewhere, Whereabouts.Elsewhere, Whereabouts.Pending], where);
    }

    [Fact]
    public async Task The_ledger_is_told_the_highest_sequence_of_a_page_too()
    {
        await _session.Ledger.AcceptAsync([Foreign("theirs")], Cancel);
        _session.Session.OnWork();
        _session.Turn();
        Lose();
        Assert.Equal((1L, 1L), (_session.Restore!.Tail, _session.Restore.BacklogUpTo));
    }

    [Fact]
    public void A_message_that_the_broker_cannot_take_is_remembered_as_given_up()
    {
        _session.Enqueue("a");
        _session.Turn();
        _session.Connect(sessionPresent: false, maximumQoS: MqttQualityOfServiceLevel.AtLeastOnce);
        Lose();
        var letter = Assert.Single(_session.Restore!.DeadLetters);
        Assert.Equal(("a", DeadLetterCause.BrokerLimit), (letter.Record.Topic, letter.Reason.Cause));
        Assert.Equal([1], _session.Restore.Unconfirmed);
    }

    [Fact]
    public void A_release_that_the_ledger_has_is_known_although_the_broker_has_lost_the_session()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a");
        _session.Turn();
        _session.Ack(AckKind.PubRec, _session.TakeSent()[0].PacketId, turn: false);
        var release = _session.Session.BuildCommit(_session.Now)!;
        Assert.Single(release.Releases);
        _session.Cut();
        _session.Connect(sessionPresent: false);
        _session.Commit(release);

        // It is to be sent anew, which no commit has stored yet.
        Lose();
        var state = Assert.Single(_session.Restore!.InFlight).State;
        Assert.Equal((InflightStage.Released, 1L), (state.Stage, state.ReleaseOrder));
    }
}
