using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// A store that has lost writes, and an owner that still knows them.
public abstract partial class AckLedgerConformance
{
    private void RequireLosses() => Assert.SkipUnless(CanLoseWrites, "This store loses no writes, and cannot be made to.");

    private static IEnumerable<string> WithoutOperationAndTail(string description) => description.Split('\n')[1..].Select(line => line.Split(", Tail")[0]);

    private static async Task<RestoreResult> RestoredAsync(LedgerOwner owner, LedgerRestore restore)
    {
        var result = await owner.RestoreAsync(restore);
        Assert.Equal(RestoreStatus.Restored, result.Status);
        Assert.True(result.Tail > restore.Tail, $"{result.Tail} is not above {restore.Tail}");
        return result;
    }

    [Fact]
    public async Task What_the_store_has_lost_comes_back_with_packet_ids_stages_and_order()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(4));
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((Message("q0"), null), (Message("q1"), null)) });
        var goBack = await SaveStoreAsync();

        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            Releases = [new ReleaseOp(new PacketId(2), 7)],
            Moves = [new MoveOp(new PacketId(3), new PacketId(9), new InflightState(InflightStage.Parked, new SendOrder(sent[3].Sequence, 2), 0, 3, Now))],
            Assigns = [new AssignOp(5, new PacketId(5))],
            Appends = owner.Stamp((Message("q2", "id-2"), null), (Message("q3"), null)),
        });
        var before = await owner.DescribeAsync();
        var memory = await owner.RememberAsync();
        await goBack();

        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        var result = await RestoredAsync(owner, memory);
        Assert.Equal(3, result.BacklogCount);
        Assert.Equal(WithoutOperationAndTail(before), WithoutOperationAndTail(await owner.DescribeAsync()));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, [sent[1].MessageId, sent[2].MessageId, "id-2", .. memory.Backlog.Select(record => record.MessageId)]);

        // And it goes on: the head is where it was, and what is new comes last.
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(6, new PacketId(6))], Appends = owner.Stamp((Message("new"), null)) });
        Assert.Equal(["q2", "q3", "new"], Texts(await BacklogAsync(owner.Ledger)));
        await owner.ConfirmAsync(memory.InFlight.Single(entry => entry.PacketId == new PacketId(9)).Record, 9);
    }

    [Fact]
    public async Task Where_nothing_was_lost_a_restore_changes_nothing()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a"), Message("b", "b"), Message("c", "c"), Message("d"));
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[1], 2, 0x10)],
            DeadLetters = [LedgerOwner.Dead(sent[3], 4)],
            Releases = [new ReleaseOp(new PacketId(1), 1)],
            Appends = owner.Stamp((Message("q", "q"), null)),
        });
        var other = await OpenAsync();
        await AcceptAsync(other, Message("unseen"));
        var memory = await owner.RememberAsync();
        memory = memory with
        {
            BacklogUpTo = memory.Backlog[0].Sequence,
            Backlog = [memory.Backlog[0]],
            Known = [new SequenceRange(1, memory.Backlog[0].Sequence)],
            Finished = [new StatusAnswer("b", LedgerStatus.Confirmed, sent[1].Sequence, 0x10, Now)],
            DeadLetters = [new DeadLetter(sent[3], new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"), Now)],
            Unconfirmed = [sent[3].Sequence],
        };
        var before = await owner.DescribeAsync();

        await RestoredAsync(owner, memory);

        Assert.Equal(WithoutOperationAndTail(before), WithoutOperationAndTail(await owner.DescribeAsync()));
        await AssertStatusAsync(other, LedgerStatus.Pending, sent[0].MessageId, "c", "q");
        Assert.Equal((LedgerStatus.Confirmed, (byte?)0x10), (await FindAsync(other, "b")) is var b ? (b.Status, b.ReasonCode) : default);
        await AssertStatusAsync(other, LedgerStatus.DeadLettered, sent[3].MessageId);
        var next = await AcceptAsync(other, Message("next"));
        Assert.True(next.Sequence > memory.Tail + 1);
    }

    [Fact]
    public async Task A_restore_that_comes_twice_or_late_is_applied_once()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        var sent = await owner.SendAsync(1, Messages(2));
        var memory = await owner.RememberAsync();
        await goBack();
        var first = await RestoredAsync(owner, memory);
        Assert.Equal((first.Tail, first.BacklogCount), (await owner.RestoreAsync(memory)) is var again ? (again.Tail, again.BacklogCount) : default);
        Assert.Equal(first.Lost, again.Lost);

        await owner.ConfirmAsync(sent[0], 1);
        await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((Message("new"), null)) });
        var before = await owner.DescribeAsync();
        Assert.Equal(RestoreStatus.Restored, (await owner.Ledger.RestoreAsync(memory, Cancel)).Status);
        Assert.Equal(before, await owner.DescribeAsync());
    }

    [Fact]
    public async Task A_commit_that_is_not_lost_is_answered_as_it_was_though_others_have_lost_theirs()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var commit = owner.Next() with { Appends = owner.Stamp((Message("mine"), null)) };
        Assert.Equal(CommitStatus.Applied, (await owner.CommitAsync(commit)).Status);
        var goBack = await SaveStoreAsync();
        await AcceptAsync(other, Message("theirs"));
        Assert.Equal(["mine", "theirs"], Texts(await BacklogAsync(owner.Ledger)));
        await goBack();

        // Its answer may have been lost: to call it lost would be to store its message twice.
        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(commit, Cancel)).Status);
        Assert.Equal(["mine"], Texts(await BacklogAsync(owner.Ledger)));
        Assert.Equal(LeaseStatus.RolledBack, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
    }

    [Fact]
    public async Task A_commit_that_the_loss_has_voided_changes_nothing_after_the_restore()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        await owner.SendAsync(1, Message());
        var voided = owner.Next() with { Appends = owner.Stamp((Message("void"), 2)) };
        var memory = await owner.RememberAsync() with { Operation = voided.Operation };
        await goBack();
        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(voided, Cancel)).Status);
        await RestoredAsync(owner, memory);
        var before = await owner.DescribeAsync();
        await owner.Ledger.CommitAsync(voided, Cancel);
        Assert.Equal(before, await owner.DescribeAsync());
    }

    [Fact]
    public async Task An_owner_whose_acquisition_was_lost_too_comes_back()
    {
        RequireLosses();
        var before = await OpenOwnerAsync();
        var sent = await before.SendAsync(1, Message("a"), Message("b", "b"), Message("c"));
        await before.Ledger.ReleaseAsync(before.Epoch, Cancel);
        var goBack = await SaveStoreAsync();
        var owner = await AcquireAsync(await OpenAsync());
        await owner.ConfirmAsync(sent[2], 3);
        await owner.SendAsync(10, Message("new"));
        var memory = await owner.RememberAsync() with { Known = [new SequenceRange(1, 2), new SequenceRange(owner.Recovered.Tail + 1, owner.Tail)] };
        await goBack();

        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(LeaseStatus.RolledBack, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await RestoredAsync(owner, memory);
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        Assert.Equal(CommitStatus.Fenced, (await before.Ledger.CommitAsync(before.Next(), Cancel)).Status);
        Assert.Null((await (await OpenAsync()).AcquireAsync(Cancel)).Epoch);
        Assert.Equal([1, 2, 10], (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight.Select(entry => (int)entry.PacketId.Value).Order());

        // This owner says that it has never had it: then an owner before has ended it, and how is lost.
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, sent[2].MessageId);
        await owner.ConfirmAsync(sent[1], 2);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, "b");
    }

    [Fact]
    public async Task An_owner_that_comes_too_late_changes_nothing()
    {
        RequireLosses();
        var first = await OpenOwnerAsync();
        await first.Ledger.ReleaseAsync(first.Epoch, Cancel);
        var goBack = await SaveStoreAsync();
        var owner = await AcquireAsync(await OpenAsync());
        await owner.SendAsync(1, Message());
        var memory = await owner.RememberAsync();
        await goBack();
        var next = await AcquireAsync(first.Ledger);
        await next.SendAsync(1, Message("theirs"));
        var before = await next.DescribeAsync();

        Assert.Equal(RestoreStatus.Fenced, (await owner.RestoreAsync(memory)).Status);
        Assert.Equal(CommitStatus.Fenced, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(before, await next.DescribeAsync());
    }
}
