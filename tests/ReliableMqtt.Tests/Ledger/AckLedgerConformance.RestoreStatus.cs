using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// What message ids read after a loss: what is known as it is, all else unknown, and never confirmed.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task What_nobody_knows_any_more_is_unknown_and_its_sequences_are_nobodys()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var dying = await OpenAsync();
        var kept = await AcceptAsync(other, Message("kept"));
        var goBack = await SaveStoreAsync();
        var read = await AcceptAsync(other, Message("read", "read"));
        var memory = await owner.RememberAsync();
        var lost = await AcceptAsync(dying, Message("lost"));
        var named = await AcceptAsync(dying, Message("named", "named"));
        await dying.DisposeAsync();
        await goBack();

        var result = await RestoredAsync(owner, memory);
        Assert.Contains(result.Lost, range => range.Contains(lost.Sequence));
        Assert.DoesNotContain(result.Lost, range => range.Contains(read.Sequence) || range.Contains(kept.Sequence));
        Assert.Equal(["kept", "read"], Texts(await BacklogAsync(other)));
        await AssertStatusAsync(other, LedgerStatus.Pending, kept.MessageId, read.MessageId);
        await AssertStatusAsync(other, LedgerStatus.Unknown, lost.MessageId, named.MessageId);

        // Also when everything is finished.
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(kept.Sequence, new PacketId(1)), new AssignOp(read.Sequence, new PacketId(2))] });
        var flying = (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight;
        foreach (var entry in flying) await owner.ConfirmAsync(entry.Record, entry.PacketId.Value);
        await AssertStatusAsync(other, LedgerStatus.Confirmed, kept.MessageId, read.MessageId);
        await AssertStatusAsync(other, LedgerStatus.Unknown, lost.MessageId, named.MessageId);
        var later = await AcceptAsync(other, Message("named", "named"));
        Assert.Equal(AcceptStatus.Accepted, later.Status);
        Assert.True(later.Sequence > named.Sequence);
    }

    [Fact]
    public async Task Ends_of_the_last_seconds_come_back()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "a"), Message("b"));
        var goBack = await SaveStoreAsync();
        sent = [.. sent, .. await owner.SendAsync(3, Message("c", "c"), Message("d"), Message("e", "e"))];
        await owner.ConfirmAsync(sent[0], 1, 0x10);
        await owner.ConfirmAsync(sent[2], 3);
        foreach (var (record, packetId) in new[] { (sent[1], 2), (sent[3], 4), (sent[4], 5) }) await owner.DeadLetterAsync(record, (ushort)packetId);
        var memory = await owner.RememberAsync() with
        {
            Finished = [await FindAsync(owner.Ledger, "a"), await FindAsync(owner.Ledger, "c")],
            DeadLetters = (await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items,
            Unconfirmed = [sent[1].Sequence, sent[3].Sequence, sent[4].Sequence],
        };
        var before = await owner.DescribeAsync();
        await goBack();

        await RestoredAsync(owner, memory);
        Assert.Equal(WithoutOperationAndTail(before), WithoutOperationAndTail(await owner.DescribeAsync()));
        Assert.Equal(memory.Finished, await owner.Ledger.FindAsync(["a", "c"], Cancel));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.DeadLettered, sent[1].MessageId, sent[3].MessageId, "e");
        Assert.Equal(AcceptStatus.Known, (await AcceptAsync(owner.Ledger, Message("c", "c"))).Status);
        Assert.True(await owner.Ledger.PurgeAsync(sent[3].MessageId, Cancel));
        Assert.Equal(ReplayStatus.Replayed, (await owner.Ledger.ReplayAsync("e", Cancel)).Status);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Purged, sent[3].MessageId);
    }

    [Fact]
    public async Task Of_ends_that_nobody_remembers_only_the_confirms_are_known()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "a"), Message("b"), Message("c", "c"), Message("d"));
        var waiting = await AcceptAsync(owner.Ledger, Message("e", "e"));
        owner.Tail = waiting.Sequence;
        var goBack = await SaveStoreAsync();
        await owner.ConfirmAsync(sent[0], 1);
        await owner.ConfirmAsync(sent[1], 2);
        await owner.DeadLetterAsync(sent[2], 3);
        await owner.DeadLetterAsync(sent[3], 4);
        await owner.CommitAsync(commit => commit with { Drops = [new DropOp(waiting.Sequence, "e", null)] });
        var memory = await owner.RememberAsync() with { Unconfirmed = [sent[2].Sequence, sent[3].Sequence, waiting.Sequence] };
        await goBack();

        await RestoredAsync(owner, memory);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, "a", sent[1].MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, "c", sent[3].MessageId, "e");
        var counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((0, 0, 0, 0), (counts.Backlog, counts.InFlight, counts.DeadLetters, counts.PendingBytes));
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(owner.Ledger, Message("e", "e"))).Status);
    }

    [Fact]
    public async Task A_dead_letter_that_was_replayed_is_pending_or_dead_and_never_both()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a"), Message("b"));
        await owner.DeadLetterAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);
        var letters = (await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items;
        Assert.Equal(ReplayStatus.Replayed, (await owner.Ledger.ReplayAsync(sent[0].MessageId, Cancel)).Status);
        var goBack = await SaveStoreAsync();
        Assert.Equal(ReplayStatus.Replayed, (await owner.Ledger.ReplayAsync(sent[1].MessageId, Cancel)).Status);
        var memory = await owner.RememberAsync() with { DeadLetters = letters, Unconfirmed = [sent[0].Sequence, sent[1].Sequence] };
        await goBack();

        await RestoredAsync(owner, memory);
        Assert.Empty((await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items);
        Assert.Equal(["a", "b"], Texts(await BacklogAsync(owner.Ledger)));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, sent[0].MessageId, sent[1].MessageId);
        await owner.CommitAsync(commit => commit with { Assigns = [.. memory.Backlog.Select((record, i) => new AssignOp(record.Sequence, new PacketId((ushort)(5 + i))))] });
        await owner.ConfirmAsync(memory.Backlog[0], 5);
        await owner.ConfirmAsync(memory.Backlog[1], 6);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId, sent[1].MessageId);
    }

    [Fact]
    public async Task A_store_that_has_lost_everything_begins_again_with_what_the_owner_knows()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[1], 2)],
            Session = BrokerSession.Established,
            Releases = [new ReleaseOp(new PacketId(1), 1)],
            Appends = owner.Stamp((Message("q", "q"), null)),
        });
        var unseen = await AcceptAsync(other, Message("unseen"));
        var memory = await owner.RememberAsync();
        var known = memory.Backlog[0].Sequence;
        memory = memory with { Backlog = [memory.Backlog[0]], BacklogUpTo = known, Known = [new SequenceRange(1, known)] };
        await WipeStoreAsync();

        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(LeaseStatus.RolledBack, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await RestoredAsync(owner, memory);
        var state = await owner.Ledger.RecoverAsync(owner.Epoch, Cancel);
        Assert.Equal((owner.Nonce, BrokerSession.Established), (state.LedgerNonce, state.Session));
        Assert.Equal(memory.InFlight.Select(entry => $"{entry}"), state.InFlight.OrderBy(entry => entry.PacketId).Select(entry => $"{entry}"));
        Assert.Equal(["q"], Texts(await BacklogAsync(other)));
        await AssertStatusAsync(other, LedgerStatus.Pending, sent[0].MessageId, sent[2].MessageId, "q");
        await AssertStatusAsync(other, LedgerStatus.Unknown, unseen.MessageId);
        await owner.ConfirmAsync(sent[0], 1);
        await AssertStatusAsync(other, LedgerStatus.Confirmed, sent[0].MessageId, sent[1].MessageId);
        Assert.Equal(AcceptStatus.Known, (await AcceptAsync(other, Message("q", "q"))).Status);
        Assert.True((await AcceptAsync(other, Message("new"))).Sequence > unseen.Sequence);
    }

    [Fact]
    public async Task The_part_of_the_backlog_that_the_owner_does_not_know_stays_where_it_is()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var accepted = await other.AcceptAsync(Messages(6), Cancel);
        owner.Tail = accepted[^1].Sequence;
        var goBack = await SaveStoreAsync();
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(1, new PacketId(1))], Appends = owner.Stamp((Message("own"), null)) });
        var memory = await owner.RememberAsync();
        memory = memory with
        {
            BacklogUpTo = 3,
            Backlog = [.. memory.Backlog.Where(record => record.Sequence <= 3 || Text(record) == "own")],
            Known = [new SequenceRange(1, 3)],
        };
        await goBack();

        Assert.Equal(6, (await RestoredAsync(owner, memory)).BacklogCount);
        Assert.Equal(["m1", "m2", "m3", "m4", "m5", "own"], Texts(await BacklogAsync(owner.Ledger)));
    }
}
