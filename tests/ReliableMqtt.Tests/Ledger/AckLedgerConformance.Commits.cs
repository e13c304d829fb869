using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Atomicity and idempotency of commits.
public abstract partial class AckLedgerConformance
{
    public enum BadCommit
    {
        UnknownConfirm, UnknownRelease, UnknownDeadLetter, UnknownMove, ConfirmOfAnother, ConfirmedTwice, MovedAfterDeadLetter,
        MoveToBusyPacketId, AssignToBusyPacketId, AssignToFreedPacketId, AssignTwoToOne, AssignNotTheHead, AssignTooMany,
        DropNotTheHead, DropTooMany, AppendToBusyPacketId, AppendToFreedPacketId, AppendOvertakesBacklog,
        ConfirmOfAnotherSequence, ConfirmOfAnotherId, MovedTwice, DropAndAssignTooMany, AppendOfAnotherSequence, AppendOvertakesAppend,
    }

    [Theory]
    [MemberData(nameof(BadCommits))]
    public async Task A_bad_commit_changes_nothing_of_what_it_had_right(BadCommit bad)
    {
        // In flight: 1, 2, 3. Backlog: two messages, which the good part of the commit leaves alone.
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        var waiting = await owner.Ledger.AcceptAsync(Messages(2, "w"), Cancel);
        owner.Tail = waiting[1].Sequence;
        var before = await owner.DescribeAsync();

        var good = owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            Releases = [new ReleaseOp(new PacketId(2), 1)],
            Appends = owner.Stamp((Message("appended"), null)),
            Session = BrokerSession.Condemned,
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(Spoil(bad, good, owner, sent, waiting)));

        Assert.Equal(before, await owner.DescribeAsync());
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, sent[0].MessageId, waiting[0].MessageId);
        Assert.Equal(CommitStatus.Applied, (await owner.CommitAsync(good)).Status);
    }

    public static TheoryData<BadCommit> BadCommits => [.. Enum.GetValues<BadCommit>()];

    private LedgerCommit Spoil(BadCommit bad, LedgerCommit good, LedgerOwner owner, LedgerRecord[] sent, IReadOnlyList<AcceptAnswer> waiting)
    {
        var again = new InflightState(InflightStage.Sent, new SendOrder(sent[2].Sequence, 1), 0, 1);
        var (busy, free, unknown) = (new PacketId(3), new PacketId(50), new PacketId(99));
        AssignOp Assign(int index, PacketId id) => new(waiting[index].Sequence, id);
        DropOp Drop(int index) => new(waiting[index].Sequence, waiting[index].MessageId, null);
        var drops = new[] { Drop(0), Drop(1) };
        return bad switch
        {
            BadCommit.UnknownConfirm => good with { Confirms = [.. good.Confirms, LedgerOwner.Confirm(sent[2], 99)] },
            BadCommit.UnknownRelease => good with { Releases = [.. good.Releases, new ReleaseOp(unknown, 2)] },
            BadCommit.UnknownDeadLetter => good with { DeadLetters = [LedgerOwner.Dead(sent[2], 99)] },
            BadCommit.UnknownMove => good with { Moves = [new MoveOp(unknown, free, again)] },
            BadCommit.ConfirmOfAnother => good with { Confirms = [.. good.Confirms, LedgerOwner.Confirm(sent[1], 3)] },
            BadCommit.ConfirmedTwice => good with { Confirms = [.. good.Confirms, .. good.Confirms] },
            BadCommit.MovedAfterDeadLetter => good with { DeadLetters = [LedgerOwner.Dead(sent[2], 3)], Moves = [new MoveOp(busy, free, again)] },
            BadCommit.MoveToBusyPacketId => good with { Moves = [new MoveOp(busy, new PacketId(2), again)] },
            BadCommit.AssignToBusyPacketId => good with { Assigns = [Assign(0, busy)] },
            BadCommit.AssignToFreedPacketId => good with { Assigns = [Assign(0, new PacketId(1))] },
            BadCommit.AssignTwoToOne => good with { Assigns = [Assign(0, free), Assign(1, free)] },
            BadCommit.AssignNotTheHead => good with { Assigns = [Assign(1, free)] },
            BadCommit.AssignTooMany => good with { Assigns = [Assign(0, free), Assign(1, unknown), new AssignOp(waiting[1].Sequence + 1, new PacketId(51))] },
            BadCommit.DropNotTheHead => good with { Drops = [Drop(1)] },
            BadCommit.DropTooMany => good with { Drops = [.. drops, new DropOp(waiting[1].Sequence + 1, waiting[1].MessageId, null)] },
            BadCommit.AppendToBusyPacketId => good with { Drops = drops, Appends = owner.Stamp((Message("x"), 3)) },
            BadCommit.AppendToFreedPacketId => good with { Drops = drops, Appends = owner.Stamp((Message("x"), 1)) },
            BadCommit.AppendOvertakesBacklog => good with { Drops = [Drop(0)], Appends = owner.Stamp((Message("x"), 50)) },
            BadCommit.ConfirmOfAnotherSequence => good with { Confirms = [.. good.Confirms, new ConfirmOp(busy, sent[1].Sequence, sent[2].MessageId, 0)] },
            BadCommit.ConfirmOfAnotherId => good with { Confirms = [.. good.Confirms, new ConfirmOp(busy, sent[2].Sequence, "another", 0)] },
            BadCommit.MovedTwice => good with { Moves = [new MoveOp(busy, free, again), new MoveOp(busy, unknown, again)] },
            BadCommit.DropAndAssignTooMany => good with { Drops = [Drop(0)], Assigns = [Assign(1, free), new AssignOp(waiting[1].Sequence + 1, unknown)] },
            BadCommit.AppendOfAnotherSequence => good with { Appends = [good.Appends[0] with { Record = good.Appends[0].Record with { Sequence = owner.Tail + 2, MessageId = "x" } }] },
            BadCommit.AppendOvertakesAppend => good with { Drops = drops, Appends = owner.Stamp((Message("x"), null), (Message("y"), 50)) },
            _ => throw new ArgumentOutOfRangeException(nameof(bad)),
        };
    }

    [Fact]
    public async Task The_same_commit_again_is_answered_as_it_was_and_changes_nothing()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(2));
        var commit = owner.Next() with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            DeadLetters = [LedgerOwner.Dead(sent[1], 2)],
            Appends = owner.Stamp((Message("direct", "id-1"), 5), (Message("queued"), null)),
        };
        var first = await owner.CommitAsync(commit);
        var after = await owner.DescribeAsync();
        for (var i = 0; i < 3; i++) AssertSame(first, await owner.Ledger.CommitAsync(commit, Cancel));
        Assert.Equal(after, await owner.DescribeAsync());
    }

    [Fact]
    public async Task A_moved_commit_again_says_again_where_it_went()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        await AcceptAsync(other, Message("other"));
        var commit = owner.Next() with { Appends = owner.Stamp((Message("a"), 1), (Message("b"), null)) };
        var first = await owner.CommitAsync(commit);
        await AcceptAsync(other, Message("later"));
        AssertSame(first, await owner.Ledger.CommitAsync(commit, Cancel));
        Assert.Equal(["other", "a", "b", "later"], Texts(await BacklogAsync(other)));
    }

    [Fact]
    public async Task An_older_commit_again_counts_as_applied_and_changes_nothing()
    {
        var owner = await OpenOwnerAsync();
        var append = owner.Next() with { Appends = owner.Stamp((Message("a"), 1)) };
        await owner.CommitAsync(append);
        await owner.ConfirmAsync(append.Appends[0].Record, 1);
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established });
        var after = await owner.DescribeAsync();
        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(append, Cancel)).Status);
        Assert.Equal(after, await owner.DescribeAsync());
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, append.Appends[0].Record.MessageId);
    }

    [Fact]
    public async Task A_gap_in_the_operations_or_a_tail_from_the_future_means_that_writes_were_lost()
    {
        var owner = await OpenOwnerAsync();
        await owner.SendAsync(1, Message());
        var before = await owner.DescribeAsync();
        var append = owner.Next() with { Appends = owner.Stamp((Message("x"), 2)) };
        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(append with { Operation = append.Operation + 1 }, Cancel)).Status);
        owner.Tail++;
        var ahead = owner.Next() with { Appends = owner.Stamp((Message("x"), 2)) };
        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(ahead, Cancel)).Status);
        Assert.Equal(before, await owner.DescribeAsync());
    }

    [Fact]
    public async Task Recovering_within_an_epoch_tells_the_last_operation()
    {
        var owner = await OpenOwnerAsync();
        for (var i = 0; i < 3; i++) await owner.CommitAsync(commit => commit);
        Assert.Equal(3, (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).LastOperation);
        Assert.Equal(0, (await TakeOverAsync(owner)).Recovered.LastOperation);
    }

    private static void AssertSame(CommitResult expected, CommitResult actual)
    {
        Assert.Equal(expected with { Known = [] }, actual with { Known = [] });
        Assert.Equal(expected.Known, actual.Known);
    }
}
