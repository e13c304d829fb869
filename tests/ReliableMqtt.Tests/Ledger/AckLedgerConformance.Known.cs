using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

// By what an owner knows a loss shows, and what is true of leases after a restore.
public abstract partial class AckLedgerConformance
{
    private static async Task AssertMissedAsync(LedgerOwner owner) =>
        Assert.Equal(LeaseStatus.RolledBack, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);

    [Fact]
    public async Task What_an_owner_has_recovered_is_missed_when_it_is_lost()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        await AcceptAsync(await OpenAsync(), Message());
        await owner.Ledger.RecoverAsync(owner.Epoch, Cancel);
        await goBack();
        await AssertMissedAsync(owner);
    }

    [Fact]
    public async Task A_single_message_that_an_owner_has_read_is_missed_when_it_is_lost()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        await AcceptAsync(await OpenAsync(), Message());
        Assert.Single(await BacklogAsync(owner.Ledger));
        await goBack();
        await AssertMissedAsync(owner);
    }

    [Fact]
    public async Task A_commit_without_messages_is_missed_when_it_is_lost()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(owner.Next() with { Session = BrokerSession.Established }, Cancel)).Status);
        await goBack();
        await AssertMissedAsync(owner);
    }

    [Fact]
    public async Task A_restore_is_missed_when_it_is_lost()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        await RestoredAsync(owner, await owner.RememberAsync());
        await goBack();
        await AssertMissedAsync(owner);
    }

    [Fact]
    public async Task A_commit_that_expects_more_than_there_is_tells_the_loss()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        owner.Tail = (await AcceptAsync(await OpenAsync(), Message())).Sequence;
        await goBack();
        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next() with { Appends = owner.Stamp((Message("x"), null)) }, Cancel)).Status);
    }

    [Fact]
    public async Task A_sequence_is_nobodys_also_when_the_restore_before_is_lost_and_its_tail_is_not_told()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var memory = await owner.RememberAsync();
        var goBack = await SaveStoreAsync();
        await RestoredAsync(owner, memory);
        var dying = await OpenAsync();
        var lost = await AcceptAsync(dying, Message("lost"));
        await dying.DisposeAsync();
        await goBack();

        await RestoredAsync(owner, memory with { Operation = owner.Operation + 1 });
        var next = await AcceptAsync(await OpenAsync(), Message("next"));
        Assert.True(next.Sequence > lost.Sequence, $"{next.Sequence} is not above {lost.Sequence}");
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, lost.MessageId);
    }

    [Fact]
    public async Task An_owner_that_has_restored_holds_the_lease()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        await owner.SendAsync(1, Message());
        var memory = await owner.RememberAsync();
        await goBack();
        await RestoredAsync(owner, memory);
        Assert.Null((await (await OpenAsync()).AcquireAsync(Cancel)).Epoch);
    }

    [Fact]
    public async Task The_restore_of_an_earlier_epoch_is_not_taken_for_that_of_a_later_one()
    {
        RequireLosses();
        var earlier = await OpenOwnerAsync();
        for (var i = 0; i < 3; i++) await earlier.CommitAsync(commit => commit);
        await RestoredAsync(earlier, await earlier.RememberAsync());
        var owner = await StealAsync(earlier);
        var goBack = await SaveStoreAsync();
        await owner.SendAsync(1, Message("sent"));
        var memory = await owner.RememberAsync();
        await goBack();
        await RestoredAsync(owner, memory);
        Assert.Equal("sent", Text(Assert.Single((await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight).Record));
    }

    [Fact]
    public async Task What_the_owner_before_was_answered_is_still_said_after_a_restore_in_which_the_epoch_was_not_lost()
    {
        RequireLosses();
        var old = await OpenOwnerAsync();
        var commit = old.Next() with { Session = BrokerSession.Established };
        await old.Ledger.CommitAsync(commit, Cancel);
        var owner = await StealAsync(old);
        var goBack = await SaveStoreAsync();
        await owner.SendAsync(1, Message());
        var memory = await owner.RememberAsync();
        await goBack();
        await RestoredAsync(owner, memory);
        Assert.Equal(CommitStatus.Applied, (await old.Ledger.CommitAsync(commit, Cancel)).Earlier?.Status);
    }

    [Fact]
    public async Task Of_owners_before_nothing_is_said_after_a_restore_in_which_the_epoch_was_lost()
    {
        RequireLosses();
        var first = await OpenOwnerAsync();
        var commit = first.Next() with { Session = BrokerSession.Established };
        await first.Ledger.CommitAsync(commit, Cancel);
        var second = await StealAsync(first);
        var goBack = await SaveStoreAsync();
        var owner = await StealAsync(second);
        var memory = await owner.RememberAsync();
        await goBack();
        await RestoredAsync(owner, memory);
        var answer = await first.Ledger.CommitAsync(commit, Cancel);
        Assert.Equal((CommitStatus.Fenced, null), (answer.Status, answer.Earlier));
        answer = await second.Ledger.CommitAsync(second.Next(), Cancel);
        Assert.Equal((CommitStatus.Fenced, null), (answer.Status, answer.Earlier));
    }

    [Fact]
    public async Task A_restore_into_another_ledger_writes_nothing()
    {
        RequireLosses();
        var ledger = await OpenAsync();
        await AcceptAsync(ledger, Message("kept"));
        var goBack = await SaveStoreAsync();
        var owner = await AcquireAsync(ledger);
        await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((Message("gone"), null)) });
        var memory = await owner.RememberAsync() with { LedgerNonce = owner.Nonce + 1 };
        await goBack();
        Assert.Equal(RestoreStatus.Fenced, (await owner.RestoreAsync(memory)).Status);
        Assert.Equal(["kept"], Texts(await BacklogAsync(ledger)));
        Assert.Equal(owner.Nonce, (await AcquireAsync(ledger)).Nonce);
    }

    [Fact]
    public async Task The_empty_token_is_no_epoch_also_where_nobody_has_ever_acquired()
    {
        var ledger = await OpenAsync();
        await Assert.ThrowsAsync<LedgerFencedException>(async () => await ledger.RecoverAsync(new LedgerEpoch(""), Cancel));
        await AcquireAsync(ledger);
    }
}
