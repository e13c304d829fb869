using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Appends of the owner among those of others, ids that are known already, and a full ledger.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task Appends_that_others_were_faster_than_go_behind_theirs_into_the_backlog()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("in flight"));
        var others = await (await OpenAsync()).AcceptAsync(Messages(2, "other"), Cancel);

        var appends = owner.Stamp((Message("direct"), 2), (Message("named", "id-1"), null));
        var result = await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            Appends = appends,
            Session = BrokerSession.Established,
        });

        Assert.Equal(others[1].Sequence + 1, result.FirstMoved);
        Assert.Equal(result.FirstMoved + 1, result.Tail);
        Assert.Equal(4, result.BacklogCount);
        var backlog = await BacklogAsync(owner.Ledger);
        Assert.Equal(["other0", "other1", "direct", "named"], Texts(backlog));
        Assert.Equal([result.FirstMoved, result.FirstMoved + 1], backlog[2..].Select(record => record.Sequence));
        Assert.Equal([MessageId.ForSequence(owner.Nonce, result.FirstMoved), "id-1"], backlog[2..].Select(record => record.MessageId));
        Assert.Equal(appends[0].Record.MessageId, others[0].MessageId);
        Assert.Equal(result.Tail, (await FindAsync(owner.Ledger, "id-1")).Sequence);

        // The rest of the commit holds as it was, and no packet id was taken.
        var next = await TakeOverAsync(owner);
        Assert.Empty(next.Recovered.InFlight);
        Assert.Equal(BrokerSession.Established, next.Recovered.Session);
        await AssertStatusAsync(next.Ledger, LedgerStatus.Confirmed, sent[0].MessageId);
    }

    [Fact]
    public async Task Appends_move_when_others_came_although_the_owner_empties_what_it_sees()
    {
        var owner = await OpenOwnerAsync();
        var seen = await AcceptAsync(owner.Ledger, Message("seen"));
        owner.Tail = seen.Sequence;
        await AcceptAsync(await OpenAsync(), Message("unseen"));
        var result = await owner.CommitAsync(commit => commit with
        {
            Assigns = [new AssignOp(seen.Sequence, new PacketId(1))],
            Appends = owner.Stamp((Message("mine"), 2)),
        });
        Assert.NotEqual(0, result.FirstMoved);
        Assert.Equal(["unseen", "mine"], Texts(await BacklogAsync(owner.Ledger)));
        Assert.Equal("seen", Text(Assert.Single((await TakeOverAsync(owner)).Recovered.InFlight).Record));
    }

    [Fact]
    public async Task A_commit_without_appends_is_never_moved()
    {
        var owner = await OpenOwnerAsync();
        var answer = await AcceptAsync(await OpenAsync(), Message());
        var result = await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(answer.Sequence, new PacketId(1))] });
        Assert.Equal(0, result.FirstMoved);
        Assert.Equal(answer.Sequence, result.Tail);
    }

    [Fact]
    public async Task An_append_of_a_known_id_applies_nothing_and_does_not_use_the_operation()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "pending"), Message("b", "confirmed"), Message("c"));
        await owner.ConfirmAsync(sent[1], 2);
        var before = await owner.DescribeAsync();

        var commit = owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent[2], 3)],
            Appends = owner.Stamp((Message("x"), null), (Message("y", "confirmed"), null), (Message("z", "pending"), null)),
        };
        var result = await owner.CommitAsync(commit);
        Assert.Equal(CommitStatus.KnownIds, result.Status);
        Assert.Equal([1, 2], result.Known.Select(known => known.Index));
        Assert.Equal([LedgerStatus.Confirmed, LedgerStatus.Pending], result.Known.Select(known => known.Existing.Status));
        Assert.Equal([sent[1].Sequence, sent[0].Sequence], result.Known.Select(known => known.Existing.Sequence));
        Assert.Equal(before, await owner.DescribeAsync());

        // The owner leaves them out and sends the same operation.
        var rest = await owner.CommitAsync(commit with { Appends = [commit.Appends[0]] });
        Assert.Equal(CommitStatus.Applied, rest.Status);
        Assert.Equal(["x"], Texts(await BacklogAsync(owner.Ledger)));
    }

    [Fact]
    public async Task The_same_id_twice_in_one_commit_is_stored_once_at_most()
    {
        var owner = await OpenOwnerAsync();
        var commit = owner.Next() with { Appends = owner.Stamp((Message("first", "twin"), null), (Message("second", "twin"), null)) };
        var result = await owner.CommitAsync(commit);
        Assert.Equal(CommitStatus.KnownIds, result.Status);
        Assert.Equal(1, Assert.Single(result.Known).Index);
        Assert.Empty(await BacklogAsync(owner.Ledger));
        Assert.Equal(CommitStatus.Applied, (await owner.CommitAsync(commit with { Appends = [commit.Appends[0]] })).Status);
    }

    [Fact]
    public async Task An_accept_of_a_known_id_stores_nothing_and_says_what_is_true()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var answers = await owner.Ledger.AcceptAsync([Message("a", "one"), Message("b"), Message("c", "one"), Message("d", "two")], Cancel);
        Assert.Equal([AcceptStatus.Accepted, AcceptStatus.Accepted, AcceptStatus.Known, AcceptStatus.Accepted], answers.Select(answer => answer.Status));
        Assert.Equal((LedgerStatus.Pending, answers[0].Sequence), (answers[2].Existing!.Status, answers[2].Existing!.Sequence));

        await owner.CommitAsync(commit => commit with
        {
            Drops = [new DropOp(answers[0].Sequence, "one", null)],
            Assigns = [new AssignOp(answers[1].Sequence, new PacketId(1))],
        });
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(answers[3].Sequence, new PacketId(2))] });
        foreach (var (id, status) in new[] { ("one", LedgerStatus.Expired), ("two", LedgerStatus.Pending) })
        {
            var known = await AcceptAsync(other, Message("again", id));
            Assert.Equal((AcceptStatus.Known, status), (known.Status, known.Existing!.Status));
            Assert.Equal(id, known.MessageId.Value);
        }

        Assert.Empty(await BacklogAsync(other));
    }

    [Fact]
    public async Task Of_accepts_racing_with_one_id_exactly_one_is_stored()
    {
        AckLedger[] ledgers = [await OpenAsync(), await OpenAsync(), await OpenAsync()];
        for (var round = 0; round < 10; round++)
        {
            var answers = await Task.WhenAll(ledgers.Select(ledger => Task.Run(() => AcceptAsync(ledger, Message("m", $"id-{round}")))));
            var accepted = Assert.Single(answers, answer => answer.Status == AcceptStatus.Accepted);
            Assert.All(answers.Where(answer => answer.Status == AcceptStatus.Known), answer => Assert.Equal(accepted.Sequence, answer.Existing!.Sequence));
        }

        Assert.Equal(10, (await BacklogAsync(ledgers[0])).Length);
    }

    [Fact]
    public async Task A_full_ledger_takes_a_prefix_and_drains()
    {
        Options = Options with { MaxPending = 5 };
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(2));
        var answers = await owner.Ledger.AcceptAsync([Message("a", "kept"), Message("b"), Message("c"), Message("d", "late"), Message("e")], Cancel);
        Assert.Equal(
            [AcceptStatus.Accepted, AcceptStatus.Accepted, AcceptStatus.Accepted, AcceptStatus.Full, AcceptStatus.Full], answers.Select(answer => answer.Status));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, "late");
        owner.Tail = answers[2].Sequence;

        var refused = await owner.CommitAsync(owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            Appends = owner.Stamp((Message("x"), null), (Message("y", "no room"), null)),
        });
        Assert.Equal(CommitStatus.AppendsRefused, refused.Status);
        Assert.Equal((answers[2].Sequence, 3L), (refused.Tail, refused.BacklogCount));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, "no room");

        // The operation is used, and the room that the confirm made is there.
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(owner.Ledger, Message("d", "late"))).Status);
        Assert.Equal(AcceptStatus.Full, (await AcceptAsync(owner.Ledger, Message("e"))).Status);
        var drained = await owner.CommitAsync(owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent[1], 2)],
            Assigns = [new AssignOp(answers[0].Sequence, new PacketId(3))],
        });
        Assert.Equal((CommitStatus.Applied, 3L), (drained.Status, drained.BacklogCount));
    }

    [Fact]
    public async Task A_refused_append_is_answered_the_same_again()
    {
        Options = Options with { MaxPending = 1 };
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message());
        var commit = owner.Next() with { Appends = owner.Stamp((Message("x"), 2)) };
        AssertSame(await owner.CommitAsync(commit), await owner.Ledger.CommitAsync(commit, Cancel));
        await owner.ConfirmAsync(sent[0], 1);
        Assert.Equal(0, (await owner.Ledger.GetStatisticsAsync(Cancel)).InFlight);
    }

    [Fact]
    public async Task A_confirm_makes_room_for_an_append_of_the_same_commit()
    {
        Options = Options with { MaxPending = 1 };
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message());
        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(sent[0], 1)], Appends = owner.Stamp((Message("x"), 2)) });
    }

    [Fact]
    public async Task Bytes_are_bounded_as_well_as_messages()
    {
        Options = Options with { MaxPendingBytes = 10_000 };
        var owner = await OpenOwnerAsync();
        var large = new string('x', 4_000);
        var answers = await owner.Ledger.AcceptAsync([Message(large), Message(large), Message(large), Message("small")], Cancel);
        Assert.Equal([AcceptStatus.Accepted, AcceptStatus.Accepted, AcceptStatus.Full, AcceptStatus.Full], answers.Select(answer => answer.Status));
        owner.Tail = answers[1].Sequence;
        Assert.Equal(CommitStatus.AppendsRefused, (await owner.CommitAsync(owner.Next() with { Appends = owner.Stamp((Message(large), null)) })).Status);
        await owner.CommitAsync(commit => commit with { Drops = [new DropOp(answers[0].Sequence, answers[0].MessageId, null)] });
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(owner.Ledger, Message(large))).Status);
    }
}
