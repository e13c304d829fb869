using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Dead letters: kept in the order of their failing, bounded, replayed, purged; never gone without a trace.
public abstract partial class AckLedgerConformance
{
    private static async Task<DeadLetter[]> DeadLettersAsync(AckLedger ledger) => [.. (await ledger.ListDeadLettersAsync(null, 1_000, Cancel)).Items];

    [Fact]
    public async Task Dead_letters_are_listed_in_the_order_of_their_failing_in_pages()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(7));
        int[] order = [4, 0, 6, 2, 1, 5, 3];
        await owner.CommitAsync(commit => commit with { DeadLetters = [.. order[..3].Select(i => LedgerOwner.Dead(sent[i], (ushort)(i + 1)))] });
        foreach (var i in order[3..]) await owner.DeadLetterAsync(sent[i], (ushort)(i + 1));

        var listed = new List<string>();
        string? continuation = null;
        var pages = 0;
        do
        {
            var page = await owner.Ledger.ListDeadLettersAsync(continuation, 3, Cancel);
            listed.AddRange(Texts(page.Items.Select(letter => letter.Record)));
            continuation = page.Continuation;
        }
        while (continuation is not null && ++pages < 10);

        Assert.Equal(order.Select(i => $"m{i}"), listed);
    }

    [Fact]
    public async Task Paging_goes_on_when_the_letter_it_stands_at_is_gone()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(5));
        await owner.CommitAsync(commit => commit with { DeadLetters = [.. sent.Select((record, i) => LedgerOwner.Dead(record, (ushort)(i + 1)))] });
        var first = await owner.Ledger.ListDeadLettersAsync(null, 2, Cancel);
        Assert.True(await owner.Ledger.PurgeAsync(sent[1].MessageId, Cancel));
        Assert.Equal(ReplayStatus.Replayed, (await owner.Ledger.ReplayAsync(sent[2].MessageId, Cancel)).Status);
        var second = await owner.Ledger.ListDeadLettersAsync(first.Continuation, 10, Cancel);
        Assert.Equal(["m3", "m4"], Texts(second.Items.Select(letter => letter.Record)));
        Assert.Null(second.Continuation);
    }

    [Fact]
    public async Task An_empty_list_of_dead_letters_is_one_empty_page()
    {
        var page = await (await OpenAsync()).ListDeadLettersAsync(null, 10, Cancel);
        Assert.Empty(page.Items);
        Assert.Null(page.Continuation);
        Assert.Equal(0, page.Youngest);
    }

    [Fact]
    public async Task Numbers_rise_with_each_failing_and_each_page_tells_the_highest()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(4));
        for (var i = 0; i < 4; i++) await owner.DeadLetterAsync(sent[i], (ushort)(i + 1));
        var letters = await DeadLettersAsync(owner.Ledger);
        Assert.Equal(letters.Select(letter => letter.Number).Distinct().Order(), letters.Select(letter => letter.Number));
        Assert.True(letters[0].Number > 0);
        var first = await owner.Ledger.ListDeadLettersAsync(null, 1, Cancel);
        Assert.Equal(letters[3].Number, first.Youngest);

        // One that fails again is the youngest then, also when the youngest before is gone.
        Assert.True(await owner.Ledger.PurgeAsync(sent[3].MessageId, Cancel));
        owner.Tail = (await owner.Ledger.ReplayAsync(sent[0].MessageId, Cancel)).Sequence;
        var replayed = Assert.Single(await BacklogAsync(owner.Ledger));
        await owner.CommitAsync(commit => commit with { Drops = [new DropOp(replayed.Sequence, replayed.MessageId, new DeadLetterReason(DeadLetterCause.Poison))] });
        var again = await owner.Ledger.ListDeadLettersAsync(first.Continuation, 10, Cancel);
        Assert.Equal(["m1", "m2", "m0"], Texts(again.Items.Select(letter => letter.Record)));
        Assert.True(again.Items[2].Number > letters[3].Number);
        Assert.Equal(again.Items[2].Number, again.Youngest);
    }

    [Fact]
    public async Task A_dead_letter_is_found_by_its_id_and_nothing_else_is()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("dead", "id-1"), Message("dead too"), Message("pending", "id-2"));
        await owner.DeadLetterAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);
        var other = await OpenAsync();
        foreach (var letter in await DeadLettersAsync(other))
        {
            var found = await other.FindDeadLetterAsync(letter.Record.MessageId, Cancel);
            Assert.Equal(LedgerOwner.Describe(letter.Record), LedgerOwner.Describe(found!.Record));
            Assert.Equal((letter.Reason, letter.FailedAt, letter.Number), (found.Reason, found.FailedAt, found.Number));
        }

        Assert.Null(await other.FindDeadLetterAsync("id-2", Cancel));
        Assert.Null(await other.FindDeadLetterAsync("nobody", Cancel));
        await other.PurgeAsync("id-1", Cancel);
        await other.ReplayAsync(sent[1].MessageId, Cancel);
        Assert.Null(await other.FindDeadLetterAsync("id-1", Cancel));
        Assert.Null(await other.FindDeadLetterAsync(sent[1].MessageId, Cancel));
    }

    [Theory]
    [InlineData(DeadLetterCause.Rejected, (byte)0x87, "Not authorized: plant/7 äöü 🚀")]
    [InlineData(DeadLetterCause.SessionLost, null, null)]
    [InlineData(DeadLetterCause.BrokerLimit, null, "The broker takes 100 bytes.")]
    [InlineData(DeadLetterCause.Poison, (byte)0x00, "")]
    public async Task A_dead_letter_keeps_its_message_its_reason_and_its_time(DeadLetterCause cause, byte? code, string? text)
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "id-1"));
        var reason = new DeadLetterReason(cause, code, text);
        await PassAsync(TimeSpan.FromMilliseconds(5));
        var at = Now;
        await owner.DeadLetterAsync(sent[0], 1, reason);

        var letter = Assert.Single(await DeadLettersAsync(await OpenAsync()));
        Assert.Equal(LedgerOwner.Describe(sent[0]), LedgerOwner.Describe(letter.Record));
        Assert.Equal(reason, letter.Reason);
        Assert.InRange(letter.FailedAt, at, at.AddMinutes(1));
        var status = await FindAsync(owner.Ledger, "id-1");
        Assert.Equal((LedgerStatus.DeadLettered, code), (status.Status, status.ReasonCode));
        Assert.Equal(AcceptStatus.Known, (await AcceptAsync(owner.Ledger, Message("again", "id-1"))).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application-id")]
    public async Task A_replayed_message_keeps_its_id_and_goes_to_the_end_of_the_backlog(string? id)
    {
        var owner = await OpenOwnerAsync();
        var sent = Assert.Single(await owner.SendAsync(1, Message("dead", id) with { Refusals = 2 }));
        await owner.DeadLetterAsync(sent, 1);
        await AcceptAsync(owner.Ledger, Message("waiting"));
        var replay = await (await OpenAsync()).ReplayAsync(sent.MessageId, Cancel);

        Assert.Equal(ReplayStatus.Replayed, replay.Status);
        var backlog = await BacklogAsync(owner.Ledger);
        Assert.Equal(["waiting", "dead"], Texts(backlog));
        Assert.Equal(LedgerOwner.Describe(sent with { Sequence = replay.Sequence, Refusals = 0 }), LedgerOwner.Describe(backlog[1]));
        Assert.True(replay.Sequence > backlog[0].Sequence);
        Assert.Equal(new StatusAnswer(sent.MessageId, LedgerStatus.Pending, replay.Sequence), await FindAsync(owner.Ledger, sent.MessageId));
        Assert.Empty(await DeadLettersAsync(owner.Ledger));
        Assert.Equal(ReplayStatus.AlreadyLive, (await owner.Ledger.ReplayAsync(sent.MessageId, Cancel)).Status);

        owner.Tail = replay.Sequence;
        await owner.CommitAsync(commit => commit with
        {
            Assigns = [new AssignOp(backlog[0].Sequence, new PacketId(1)), new AssignOp(replay.Sequence, new PacketId(2))],
        });
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, sent.MessageId);
        await owner.ConfirmAsync(backlog[1], 2);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent.MessageId);
        Assert.Equal(ReplayStatus.AlreadyLive, (await owner.Ledger.ReplayAsync(sent.MessageId, Cancel)).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application-id")]
    public async Task A_replayed_message_can_die_again_be_replayed_again_and_be_purged(string? id)
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message("dead", id)));
        await owner.DeadLetterAsync(record, 1);
        for (var round = 0; round < 3; round++)
        {
            var replay = await owner.Ledger.ReplayAsync(record.MessageId, Cancel);
            owner.Tail = replay.Sequence;
            record = Assert.Single(await BacklogAsync(owner.Ledger));
            await owner.CommitAsync(commit => commit with
            {
                Drops = [new DropOp(record.Sequence, record.MessageId, new DeadLetterReason(DeadLetterCause.Poison))],
            });
            await AssertStatusAsync(owner.Ledger, LedgerStatus.DeadLettered, record.MessageId);
        }

        Assert.True(await owner.Ledger.PurgeAsync(record.MessageId, Cancel));
        Assert.False(await owner.Ledger.PurgeAsync(record.MessageId, Cancel));
        Assert.Equal(ReplayStatus.NotFound, (await owner.Ledger.ReplayAsync(record.MessageId, Cancel)).Status);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Purged, record.MessageId);
        await AssertStatusAsync(await OpenAsync(), LedgerStatus.Purged, record.MessageId);
    }

    [Fact]
    public async Task Only_dead_letters_are_replayed_and_purged()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("automatic"), Message("confirmed", "confirmed"), Message("pending", "pending"));
        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(sent[0], 1), LedgerOwner.Confirm(sent[1], 2)] });
        foreach (var record in sent)
        {
            Assert.Equal(ReplayStatus.AlreadyLive, (await owner.Ledger.ReplayAsync(record.MessageId, Cancel)).Status);
            Assert.False(await owner.Ledger.PurgeAsync(record.MessageId, Cancel));
        }

        Assert.Equal(ReplayStatus.NotFound, (await owner.Ledger.ReplayAsync("nobody", Cancel)).Status);
        Assert.False(await owner.Ledger.PurgeAsync("nobody", Cancel));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId, sent[1].MessageId);
        Assert.Empty(await BacklogAsync(owner.Ledger));
    }

    [Fact]
    public async Task A_full_ledger_refuses_a_replay_and_keeps_the_dead_letter()
    {
        Options = Options with { MaxPending = 1 };
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message()));
        await owner.DeadLetterAsync(record, 1);
        await AcceptAsync(owner.Ledger, Message("fills it"));
        Assert.Equal(ReplayStatus.Full, (await owner.Ledger.ReplayAsync(record.MessageId, Cancel)).Status);
        Assert.Single(await DeadLettersAsync(owner.Ledger));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.DeadLettered, record.MessageId);
    }

    [Fact]
    public async Task Too_many_dead_letters_push_out_the_oldest_with_a_trace()
    {
        Options = Options with { MaxDeadLetters = 3 };
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, [.. Messages(4), Message("named", "id-1"), Message("m5")]);
        await owner.DeadLetterAsync(sent[4], 5);
        foreach (var i in new[] { 0, 1 }) await owner.DeadLetterAsync(sent[i], (ushort)(i + 1));
        await owner.CommitAsync(commit => commit with { DeadLetters = [LedgerOwner.Dead(sent[2], 3), LedgerOwner.Dead(sent[3], 4), LedgerOwner.Dead(sent[5], 6)] });

        Assert.Equal(["m2", "m3", "m5"], Texts((await DeadLettersAsync(owner.Ledger)).Select(letter => letter.Record)));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Purged, "id-1", sent[0].MessageId, sent[1].MessageId);
        Assert.Equal(3, (await owner.Ledger.GetStatisticsAsync(Cancel)).DeadLetters);
        Assert.Equal(ReplayStatus.NotFound, (await owner.Ledger.ReplayAsync("id-1", Cancel)).Status);
    }

    [Fact]
    public async Task Old_dead_letters_leave_with_a_trace()
    {
        Options = Options with { DeadLetterRetention = ShortTime };
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("old"), Message("old too", "id-1"), Message("young"));
        await owner.CommitAsync(commit => commit with { DeadLetters = [LedgerOwner.Dead(sent[0], 1), LedgerOwner.Dead(sent[1], 2)] });
        await PassAsync(ShortTime * 1.2);
        await owner.DeadLetterAsync(sent[2], 3);
        await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
        Assert.Equal(["young"], Texts((await DeadLettersAsync(owner.Ledger)).Select(letter => letter.Record)));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Purged, sent[0].MessageId, "id-1");
    }

    [Fact]
    public async Task Replay_wakes_the_owner()
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message()));
        await owner.DeadLetterAsync(record, 1);
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        owner.Ledger.Changed += change =>
        {
            if (change == LedgerChange.Backlog) woken.TrySetResult();
        };
        await (await OpenAsync()).ReplayAsync(record.MessageId, Cancel);
        await woken.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }
}
