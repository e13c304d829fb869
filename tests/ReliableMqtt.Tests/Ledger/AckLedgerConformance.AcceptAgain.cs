using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// A store that has lost writes, and an acceptor that still knows what it was told is accepted.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task What_an_acceptor_had_accepted_and_the_store_has_lost_is_accepted_again_under_its_id()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var before = await AcceptAsync(other, Message("before"));
        var memory = await owner.RememberAsync();
        var goBack = await SaveStoreAsync();
        var lost = await other.AcceptAsync([Message("a"), Message("b", "id-b"), Message("c")], Cancel);
        await goBack();
        var result = await RestoredAsync(owner, memory);
        Assert.Contains(result.Lost, range => range.Contains(lost[0].Sequence));

        // Whoever asks the acceptor, or gives it more, finds them there again, before what is new.
        await AssertStatusAsync(other, LedgerStatus.Pending, before.MessageId, lost[0].MessageId, "id-b", lost[2].MessageId);
        await AcceptAsync(other, Message("new"));
        var backlog = await BacklogAsync(owner.Ledger);
        Assert.Equal(["before", "a", "b", "c", "new"], Texts(backlog));
        Assert.Equal([before.MessageId, .. lost.Select(answer => answer.MessageId)], backlog[..^1].Select(record => record.MessageId));
        Assert.Equal(backlog.Select(record => record.Sequence).Order(), backlog.Select(record => record.Sequence));
        Assert.DoesNotContain(backlog[1..], record => record.Sequence <= result.Tail);

        // And end as others do.
        owner.Tail = (await owner.Ledger.GetStatisticsAsync(Cancel)).Tail;
        await owner.CommitAsync(commit => commit with { Assigns = [.. backlog.Select((record, i) => new AssignOp(record.Sequence, new PacketId((ushort)(i + 1))))] });
        await owner.CommitAsync(commit => commit with { Confirms = [.. backlog.Select((record, i) => LedgerOwner.Confirm(record, (ushort)(i + 1)))] });
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, [.. backlog.Select(record => record.MessageId)]);
        Assert.Equal((0, 0), (await other.GetStatisticsAsync(Cancel)) is var left ? (left.Backlog, left.InFlight) : default);
    }

    [Fact]
    public async Task What_the_owner_had_in_its_hands_is_not_accepted_again()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var goBack = await SaveStoreAsync();
        var (accepted, memory) = await TakeThreeAsync(owner, other);
        await goBack();
        await RestoredAsync(owner, memory);

        var added = await AcceptAsync(other, Message("new"));
        Assert.Equal(["waiting", "new"], Texts(await BacklogAsync(owner.Ledger)));
        Assert.Equal(["in flight"], (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight.Select(entry => Text(entry.Record)));
        await AssertStatusAsync(other, LedgerStatus.Confirmed, accepted[0].MessageId);
        await AssertStatusAsync(other, LedgerStatus.Pending, accepted[1].MessageId, accepted[2].MessageId, added.MessageId);
    }

    [Fact]
    public async Task An_owner_that_would_not_name_what_it_had_would_get_it_twice()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var goBack = await SaveStoreAsync();
        var (_, memory) = await TakeThreeAsync(owner, other);
        await goBack();
        await RestoredAsync(owner, memory with { Taken = [] });
        await AcceptAsync(other, Message("new"));
        Assert.Equal(["waiting", "confirmed", "in flight", "waiting", "new"], Texts(await BacklogAsync(owner.Ledger)));
    }

    /// <summary>Of three messages the first is confirmed, the second in flight, and the third read.</summary>
    private async Task<(IReadOnlyList<AcceptAnswer> Accepted, LedgerRestore Memory)> TakeThreeAsync(LedgerOwner owner, AckLedger other)
    {
        var accepted = await other.AcceptAsync([Message("confirmed"), Message("in flight"), Message("waiting")], Cancel);
        var records = await BacklogAsync(owner.Ledger);
        owner.Tail = accepted[2].Sequence;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(accepted[0].Sequence, new PacketId(1)), new AssignOp(accepted[1].Sequence, new PacketId(2))] });
        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(records[0], 1)] });
        return (accepted, await owner.RememberAsync() with { Taken = LedgerOwner.Runs(records) });
    }

    [Fact]
    public async Task What_is_lost_again_is_accepted_once_more()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var goBack = await SaveStoreAsync();
        var lost = await AcceptAsync(other, Message("a"));
        for (var i = 0; i < 3; i++)
        {
            await goBack();
            await RestoredAsync(owner, await owner.RememberAsync() with { Operation = owner.Operation + 1, Tail = owner.Tail, Backlog = [], BacklogUpTo = 0, Known = [], Taken = [] });
            await AssertStatusAsync(other, LedgerStatus.Pending, lost.MessageId);
            Assert.Equal(["a"], Texts(await BacklogAsync(owner.Ledger)));
        }
    }

    [Fact]
    public async Task Where_nothing_of_the_owners_is_lost_others_get_back_what_is_theirs()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var kept = await AcceptAsync(other, Message("kept"));
        var goBack = await SaveStoreAsync();
        var lost = await AcceptAsync(other, Message("lost"));
        await goBack();
        await RenewedAsync(owner);
        await AssertStatusAsync(other, LedgerStatus.Pending, kept.MessageId, lost.MessageId);
        Assert.Equal([kept.MessageId, lost.MessageId], (await BacklogAsync(owner.Ledger)).Select(record => record.MessageId));
    }

    [Fact]
    public async Task A_sequence_is_nobodys_also_when_the_jump_over_it_is_lost()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var dying = await OpenAsync();
        var goBack = await SaveStoreAsync();
        await goBack();
        await RenewedAsync(owner);
        var lost = await AcceptAsync(dying, Message("lost"));
        await dying.DisposeAsync();
        await goBack();
        await RenewedAsync(owner);

        var other = await OpenAsync();
        var next = await AcceptAsync(other, Message("next"));
        Assert.NotEqual(lost.Sequence, next.Sequence);
        await AssertStatusAsync(other, LedgerStatus.Unknown, lost.MessageId);
        await AssertStatusAsync(other, LedgerStatus.Pending, next.MessageId);
    }

    /// <summary>The owner looks, and makes up for what is missing of its own.</summary>
    private static async Task RenewedAsync(LedgerOwner owner)
    {
        var status = (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status;
        if (status == LeaseStatus.RolledBack) await RestoredAsync(owner, await owner.RememberAsync() with { Operation = owner.Operation + 1, Tail = owner.Tail });
        else Assert.Equal(LeaseStatus.Held, status);
    }
}
