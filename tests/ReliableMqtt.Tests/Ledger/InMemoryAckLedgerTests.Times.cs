using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// What is exact in memory, and in other ledgers only about so: when something is let go, limits, counts.
public sealed partial class InMemoryAckLedgerTests
{
    private async Task<LedgerOwner> OpenWithDeadLetterAsync()
    {
        Options = Options with { DeadLetterRetention = ShortTime };
        var owner = await OpenOwnerAsync();
        await owner.DeadLetterAsync((await owner.SendAsync(1, Message("dead", "dead")))[0], 1);
        await PassAsync(ShortTime - TimeSpan.FromTicks(1));
        Assert.NotNull(await owner.Ledger.FindDeadLetterAsync("dead", Cancel));
        await PassAsync(TimeSpan.FromTicks(1));
        return owner;
    }

    [Fact]
    public async Task A_dead_letter_whose_time_is_over_is_not_counted() =>
        Assert.Equal(0, (await (await OpenWithDeadLetterAsync()).Ledger.GetStatisticsAsync(Cancel)).DeadLetters);

    [Fact]
    public async Task A_dead_letter_whose_time_is_over_is_not_listed() =>
        Assert.Empty((await (await OpenWithDeadLetterAsync()).Ledger.ListDeadLettersAsync(null, 1, Cancel)).Items);

    [Fact]
    public async Task A_dead_letter_whose_time_is_over_is_not_found() =>
        Assert.Null(await (await OpenWithDeadLetterAsync()).Ledger.FindDeadLetterAsync("dead", Cancel));

    [Fact]
    public async Task A_dead_letter_whose_time_is_over_is_not_replayed() =>
        Assert.Equal(ReplayStatus.NotFound, (await (await OpenWithDeadLetterAsync()).Ledger.ReplayAsync("dead", Cancel)).Status);

    [Fact]
    public async Task A_dead_letter_whose_time_is_over_is_not_purged_by_hand() =>
        Assert.False(await (await OpenWithDeadLetterAsync()).Ledger.PurgeAsync("dead", Cancel));

    [Fact]
    public async Task A_confirmed_id_is_free_to_be_accepted_when_its_window_is_over()
    {
        var owner = await ConfirmAndPassTheWindowAsync();
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(owner.Ledger, Message("again", "id"))).Status);
    }

    [Fact]
    public async Task A_confirmed_id_is_free_to_be_appended_when_its_window_is_over()
    {
        var owner = await ConfirmAndPassTheWindowAsync();
        var commit = owner.Next() with { Appends = owner.Stamp((Message("again", "id"), null)) };
        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(commit, Cancel)).Status);
    }

    private async Task<LedgerOwner> ConfirmAndPassTheWindowAsync()
    {
        Options = Options with { DeduplicationWindow = ShortTime };
        var owner = await OpenOwnerAsync();
        await owner.ConfirmAsync((await owner.SendAsync(1, Message("m", "id")))[0], 1);
        await PassAsync(ShortTime);
        return owner;
    }

    [Fact]
    public async Task A_lease_goes_to_another_when_its_time_is_over()
    {
        Options = Options with { LeaseDuration = ShortTime };
        await OpenOwnerAsync();
        var other = await OpenAsync();
        await PassAsync(ShortTime - TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.FromTicks(1), (await other.AcquireAsync(Cancel)).RetryAfter);
        await PassAsync(TimeSpan.FromTicks(1));
        Assert.NotNull((await other.AcquireAsync(Cancel)).Epoch);
    }

    [Fact]
    public async Task As_many_bytes_as_are_allowed_may_be_pending()
    {
        Options = Options with { MaxPendingBytes = 2 * Message().Size };
        var answers = await (await OpenAsync()).AcceptAsync([Message(), Message(), Message()], Cancel);
        Assert.Equal([AcceptStatus.Accepted, AcceptStatus.Accepted, AcceptStatus.Full], answers.Select(answer => answer.Status));
    }

    [Fact]
    public async Task The_oldest_message_is_the_head_of_the_backlog_unless_one_before_it_is_in_flight()
    {
        var owner = await OpenOwnerAsync();
        var oldest = Now;
        var first = await AcceptAsync(owner.Ledger, Message());
        await AssertOldestAsync(owner.Ledger, oldest, 1);
        await PassAsync(ShortTime);
        var second = Now;
        await AcceptAsync(owner.Ledger, Message());
        await AssertOldestAsync(owner.Ledger, oldest, 1);
        owner.Tail = 2;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(1, new PacketId(1))] });
        await AssertOldestAsync(owner.Ledger, oldest, 1);
        await owner.CommitAsync(commit => commit with { Confirms = [new ConfirmOp(new PacketId(1), 1, first.MessageId, 0)] });
        await AssertOldestAsync(owner.Ledger, second, 2);
    }

    private static async Task AssertOldestAsync(AckLedger ledger, DateTimeOffset acceptedAt, long sequence) =>
        Assert.Equal((acceptedAt, sequence), (await ledger.GetStatisticsAsync(Cancel)) is var counts ? (counts.OldestAcceptedAt, counts.LowestUnfinished) : default);

    [Fact]
    public async Task The_confirm_of_an_automatic_id_leaves_no_trace()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message());
        await owner.ConfirmAsync(sent[0], 1, reasonCode: 0x10);
        Assert.Equal(new StatusAnswer(sent[0].MessageId, LedgerStatus.Confirmed, 1), await FindAsync(owner.Ledger, sent[0].MessageId));
    }

    [Fact]
    public async Task A_message_is_dropped_under_its_own_id_only()
    {
        var owner = await OpenOwnerAsync();
        await AcceptAsync(owner.Ledger, Message());
        owner.Tail = 1;
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(commit => commit with { Drops = [new DropOp(1, "another", null)] }));
        Assert.Single(await BacklogAsync(owner.Ledger));
    }

    [Fact]
    public async Task Each_loss_lets_the_tail_jump_further()
    {
        var owner = await OpenOwnerAsync();
        var publisher = _store.Of(Options.PublisherId);
        var saved = publisher.Save();
        var tails = new List<long> { 0 };
        for (var i = 0; i < 3; i++)
        {
            publisher.GoBack(saved);
            Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
            tails.Add((await owner.Ledger.GetStatisticsAsync(Cancel)).Tail);
        }

        Assert.All(tails.Zip(tails[1..]), pair => Assert.True(pair.Second > pair.First + (1 << 19), $"{pair.Second} is not far above {pair.First}"));
    }
}
