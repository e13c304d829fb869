using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Edges of a restore: what is in the store and in the restore, and what has come to more than one end.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task The_youngest_message_of_the_store_is_there_once_when_the_owner_has_it_too()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        await (await OpenAsync()).AcceptAsync([Message("a"), Message("b"), Message("c")], Cancel);
        var memory = await owner.RememberAsync();
        memory = memory with { BacklogUpTo = 1, Backlog = [memory.Backlog[0], memory.Backlog[2]], Known = [new SequenceRange(1, 1), new SequenceRange(3, 3)] };
        await (await SaveStoreAsync())();
        Assert.Equal(3, (await RestoredAsync(owner, memory)).BacklogCount);
        Assert.Equal(["a", "b", "c"], Texts(await BacklogAsync(owner.Ledger)));
    }

    [Fact]
    public async Task What_is_not_above_the_forgotten_ones_is_not_called_confirmed_because_it_has_left()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "a"), Message("b", "b"));
        var goBack = await SaveStoreAsync();
        await owner.ConfirmAsync(sent[0], 1);
        await owner.ConfirmAsync(sent[1], 2);
        var memory = await owner.RememberAsync() with { ForgottenUpTo = sent[0].Sequence };
        await goBack();
        await RestoredAsync(owner, memory);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, "a");
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, "b");
    }

    [Fact]
    public async Task Automatic_ids_that_are_not_above_the_forgotten_ones_are_unknown()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var goBack = await SaveStoreAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        for (var i = 0; i < 3; i++) await owner.ConfirmAsync(sent[i], (ushort)(i + 1));
        var memory = await owner.RememberAsync() with { ForgottenUpTo = sent[1].Sequence };
        await goBack();
        await RestoredAsync(owner, memory);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, sent[0].MessageId, sent[1].MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[2].MessageId);
    }

    [Fact]
    public async Task A_dead_letter_that_somebody_has_purged_stays_purged()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a"), Message("b", "b"));
        await owner.DeadLetterAsync(sent[1], 2);
        var letters = await DeadLettersAsync(owner.Ledger);
        Assert.True(await (await OpenAsync()).PurgeAsync("b", Cancel));
        var memory = await owner.RememberAsync() with { DeadLetters = letters, Unconfirmed = [sent[1].Sequence] };
        await (await SaveStoreAsync())();
        await RestoredAsync(owner, memory);
        Assert.Empty(await DeadLettersAsync(owner.Ledger));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Purged, "b");
    }

    [Fact]
    public async Task A_dead_letter_that_was_replayed_and_has_failed_again_is_there_once()
    {
        RequireLosses();
        var (owner, replayed, goBack) = await ReplayedAsync();
        await owner.DeadLetterAsync(replayed, 2);
        var memory = await owner.RememberAsync() with { DeadLetters = await DeadLettersAsync(owner.Ledger), Unconfirmed = [1, replayed.Sequence] };
        await goBack();
        await RestoredAsync(owner, memory);
        Assert.Equal(replayed.Sequence, Assert.Single(await DeadLettersAsync(owner.Ledger)).Record.Sequence);
        Assert.True(await owner.Ledger.PurgeAsync("x", Cancel));
        Assert.Empty(await DeadLettersAsync(owner.Ledger));
    }

    [Fact]
    public async Task A_dead_letter_that_was_replayed_and_confirmed_is_none_any_more()
    {
        RequireLosses();
        var (owner, replayed, goBack) = await ReplayedAsync();
        await owner.ConfirmAsync(replayed, 2);
        var memory = await owner.RememberAsync() with { Finished = [await FindAsync(owner.Ledger, "x")], Unconfirmed = [1] };
        await goBack();
        await RestoredAsync(owner, memory);
        Assert.Empty(await DeadLettersAsync(owner.Ledger));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, "x");
        Assert.Equal(ReplayStatus.AlreadyLive, (await owner.Ledger.ReplayAsync("x", Cancel)).Status);
    }

    /// <summary>A dead letter as the store has it, and then in flight once more, under packet id 2.</summary>
    private async Task<(LedgerOwner Owner, LedgerRecord Replayed, Func<ValueTask> GoBack)> ReplayedAsync()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("x", "x"));
        await owner.DeadLetterAsync(sent[0], 1);
        var goBack = await SaveStoreAsync();
        owner.Tail = (await owner.Ledger.ReplayAsync("x", Cancel)).Sequence;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(owner.Tail, new PacketId(2))] });
        return (owner, Assert.Single((await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight).Record, goBack);
    }

    [Fact]
    public async Task Lost_messages_come_before_the_next_one_of_their_acceptor()
    {
        RequireLosses();
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        await AcceptAsync(other, Message("kept"));
        var goBack = await SaveStoreAsync();
        await AcceptAsync(other, Message("lost"));
        await goBack();
        await RenewedAsync(owner);
        await AcceptAsync(other, Message("new"));
        Assert.Equal(["kept", "lost", "new"], Texts(await BacklogAsync(owner.Ledger)));
    }
}
