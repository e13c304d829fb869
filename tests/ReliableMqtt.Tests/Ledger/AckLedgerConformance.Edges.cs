using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

// Edges of single calls.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task A_ledger_that_holds_more_than_its_owner_allows_drains()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        var next = await AcquireAsync(await OpenAsync(Options with { MaxPending = 1 }));
        await next.ConfirmAsync(sent[0], 1);
        Assert.Equal(2, (await next.Ledger.GetStatisticsAsync(Cancel)).InFlight);
        Assert.Equal(CommitStatus.AppendsRefused, (await next.CommitAsync(next.Next() with { Appends = next.Stamp((Message("x"), null)) })).Status);
    }

    [Fact]
    public async Task What_a_commit_ends_has_ended_when_the_commit_was_made()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "a"), Message("b", "b"), Message("c", "c"));
        var at = Now.AddMinutes(-3);
        await owner.CommitAsync(commit => commit with { At = at, Confirms = [LedgerOwner.Confirm(sent[0], 1)], DeadLetters = [LedgerOwner.Dead(sent[1], 2)] });
        Assert.Equal(at, (await FindAsync(owner.Ledger, "a")).FinishedAt);
        Assert.Equal(at, Assert.Single(await DeadLettersAsync(owner.Ledger)).FailedAt);

        // One that does not say when is made now.
        var now = Now;
        await owner.CommitAsync(commit => commit with { At = default, Confirms = [LedgerOwner.Confirm(sent[2], 3)] });
        Assert.InRange((await FindAsync(owner.Ledger, "c")).FinishedAt!.Value, now, now.AddMinutes(1));
    }

    [Fact]
    public async Task A_message_that_is_accepted_gets_an_id_whatever_sequence_it_carries()
    {
        var owner = await OpenOwnerAsync();
        var answer = await AcceptAsync(owner.Ledger, Message() with { Sequence = 1 });
        Assert.Equal((1L, MessageId.ForSequence(owner.Nonce, 1)), (answer.Sequence, answer.MessageId));
        Assert.Equal(answer.MessageId, Assert.Single(await BacklogAsync(owner.Ledger)).MessageId);
    }

    [Fact]
    public async Task A_page_of_nothing_is_not_asked_for()
    {
        var ledger = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ledger.ReadBacklogAsync(0, 0, Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ledger.ListDeadLettersAsync(null, 0, Cancel));
    }

    [Fact]
    public async Task As_many_pending_messages_as_there_are_may_be_asked_for()
    {
        var ledger = await OpenAsync();
        await ledger.AcceptAsync(Messages(3), Cancel);
        var page = await ledger.ListPendingAsync(0, int.MaxValue, Cancel);
        Assert.Equal((3, null), (page.Items.Count, page.NextAfter));
    }
}
