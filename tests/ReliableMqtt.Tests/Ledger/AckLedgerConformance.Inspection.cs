using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// For people who look: nothing is made, nothing is changed, nobody is disturbed.
public abstract partial class AckLedgerConformance
{
    private LedgerOpenOptions OnlyLooking => Options with { CreateIfMissing = false };

    private static async Task<List<PendingEntry>> PendingAsync(AckLedger ledger, int pageSize = 1_000, Func<Task>? between = null)
    {
        var all = new List<PendingEntry>();
        long? after = 0;
        for (var pages = 0; after is { } from; pages++)
        {
            Assert.True(pages < 1_000, "The pages never end.");
            var page = await ledger.ListPendingAsync(from, pageSize, Cancel);
            Assert.InRange(page.Items.Count, page.NextAfter is null ? 0 : 1, pageSize);
            all.AddRange(page.Items);
            after = page.NextAfter;
            if (between is not null && after is not null) await between();
        }

        return all;
    }

    [Fact]
    public async Task Looking_at_a_publisher_id_that_has_no_ledger_makes_none()
    {
        var ledger = await CreateOnFreshStoreAsync();
        _opened.Add(_first = ledger);
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<LedgerNotFoundException>(async () => await ledger.OpenAsync(OnlyLooking, Cancel));
            Assert.Contains(Options.PublisherId, error.Message, StringComparison.Ordinal);
            Assert.Contains("Nothing was written", error.Message, StringComparison.Ordinal);
        }

        await OpenAsync();
        await ledger.OpenAsync(OnlyLooking, Cancel);
        Assert.Equal(new LedgerStatistics(0, 0, 0, 0, null, Tail: 0, LowestUnfinished: 1, Totals: new LedgerTotals(0, 0, 0, 0, 0)), await ledger.GetStatisticsAsync(Cancel));
    }

    [Fact]
    public async Task Who_looks_sees_what_others_have_stored_and_may_replay_and_purge()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "id-a"), Message("b", "id-b"), Message("c", "id-c"));
        await owner.DeadLetterAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);
        var looking = await OpenAsync(OnlyLooking);
        await AssertStatusAsync(looking, LedgerStatus.Pending, "id-c");
        Assert.Equal(["a", "b"], Texts((await DeadLettersAsync(looking)).Select(letter => letter.Record)));
        Assert.Equal(ReplayStatus.Replayed, (await looking.ReplayAsync("id-a", Cancel)).Status);
        Assert.True(await looking.PurgeAsync("id-b", Cancel));
        Assert.Equal(["a"], Texts(await BacklogAsync(owner.Ledger)));
    }

    [Fact]
    public async Task Pending_messages_are_listed_in_order_with_their_places_and_states()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(7, Message("sent"), Message("released"), Message("parked"), Message("again"), Message("confirmed"), Message("dead"));
        var parked = new InflightState(InflightStage.Parked, new SendOrder(sent[2].Sequence), 0, 2, Now.AddSeconds(5));
        var again = new InflightState(InflightStage.Sent, new SendOrder(sent[5].Sequence, 1), 0, 1);
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[4], 11)],
            Releases = [new ReleaseOp(new PacketId(8), 3)],
            DeadLetters = [LedgerOwner.Dead(sent[5], 12)],
            Moves = [new MoveOp(new PacketId(9), new PacketId(9), parked), new MoveOp(new PacketId(10), new PacketId(3), again)],
        });
        var waiting = await owner.Ledger.AcceptAsync([Message("w0", "id-0"), Message("w1")], Cancel);

        var looking = await OpenAsync(OnlyLooking);
        var all = await PendingAsync(looking);
        Assert.Equal(["sent", "released", "parked", "again", "w0", "w1"], all.Select(entry => Text(entry.Record!)));
        Assert.Equal([7, 8, 9, 3, null, null], all.Select(entry => (int?)entry.PacketId?.Value));
        Assert.Equal([Sent(sent[0].Sequence), Sent(sent[1].Sequence) with { Stage = InflightStage.Released, ReleaseOrder = 3 }, parked, again, null, null], all.Select(entry => entry.State));
        Assert.Equal([1, 1, 2, 2, 0, 0], all.Select(entry => entry.Attempts));
        Assert.All(all, entry => Assert.Null(entry.Problem));
        Assert.Equal(LedgerOwner.Describe(sent[0]), LedgerOwner.Describe(all[0].Record!));
        Assert.Equal(
            LedgerOwner.Describe(Message("w1") with { Sequence = waiting[1].Sequence, MessageId = waiting[1].MessageId, AcceptedAt = all[5].Record!.AcceptedAt }),
            LedgerOwner.Describe(all[5].Record!));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(100)]
    public async Task Pages_of_pending_messages_join_without_a_gap(int size)
    {
        var owner = await OpenOwnerAsync();
        await owner.SendAsync(1, Messages(8));
        await owner.Ledger.AcceptAsync(Messages(9, "w"), Cancel);
        var all = await PendingAsync(await OpenAsync(OnlyLooking), size);
        Assert.Equal([.. Enumerable.Range(0, 8).Select(i => $"m{i}"), .. Enumerable.Range(0, 9).Select(i => $"w{i}")], all.Select(entry => Text(entry.Record!)));
    }

    [Fact]
    public async Task A_message_that_becomes_in_flight_between_two_pages_is_listed_once()
    {
        var owner = await OpenOwnerAsync();
        var answers = await owner.Ledger.AcceptAsync(Messages(10), Cancel);
        ushort next = 0;
        var all = await PendingAsync(await OpenAsync(OnlyLooking), 2, between: async () =>
        {
            if (next < 10) await owner.CommitAsync(commit => commit with { Assigns = [.. Enumerable.Range(0, 5).Select(_ => new AssignOp(answers[next].Sequence, new PacketId(++next)))] });
        });
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"m{i}"), all.Select(entry => Text(entry.Record!)));
    }

    [Fact]
    public async Task Paging_of_pending_messages_goes_on_when_what_it_stands_at_is_gone()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(4));
        var looking = await OpenAsync(OnlyLooking);
        var first = await looking.ListPendingAsync(0, 2, Cancel);
        await owner.CommitAsync(commit => commit with { Confirms = [.. sent[..2].Select((record, i) => LedgerOwner.Confirm(record, (ushort)(i + 1)))] });
        var second = await looking.ListPendingAsync(first.NextAfter!.Value, 2, Cancel);
        Assert.Equal(["m2", "m3"], second.Items.Select(entry => Text(entry.Record!)));
        Assert.Null(second.NextAfter);
    }

    [Fact]
    public async Task Looking_changes_nothing_and_takes_no_lease()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        await owner.DeadLetterAsync(sent[0], 1);
        await owner.Ledger.AcceptAsync(Messages(2, "w"), Cancel);
        var before = await owner.DescribeAsync();
        var looking = await OpenAsync(OnlyLooking);
        await PendingAsync(looking, 2);
        await looking.GetOverviewAsync(Cancel);
        await looking.ListQuarantineAsync(0, 10, Cancel);
        await looking.GetStatisticsAsync(Cancel);
        Assert.Equal(before, await owner.DescribeAsync());
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await owner.ConfirmAsync(sent[1], 2);
    }

    [Fact]
    public async Task Of_an_empty_ledger_there_is_one_empty_page_of_everything()
    {
        var ledger = await OpenAsync();
        var pending = await ledger.ListPendingAsync(0, 1, Cancel);
        var quarantine = await ledger.ListQuarantineAsync(0, 1, Cancel);
        Assert.Equal((0, null, 0, null), (pending.Items.Count, pending.NextAfter, quarantine.Items.Count, quarantine.NextAfter));
        Assert.Empty((await ledger.ListPendingAsync(long.MaxValue, 1, Cancel)).Items);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ledger.ListPendingAsync(0, 0, Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await ledger.ListQuarantineAsync(0, 0, Cancel));
    }

    [Fact]
    public async Task The_overview_tells_who_owns_the_ledger_and_where_it_stands()
    {
        var ledger = await OpenAsync();
        var looking = await OpenAsync(OnlyLooking);
        Assert.Equal(new LedgerOverview(LeaseState.Free, null, null, 0, 0, BrokerSession.None), await looking.GetOverviewAsync(Cancel));

        var owner = await AcquireAsync(ledger);
        await owner.SendAsync(1, Messages(3));
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established });
        var overview = await looking.GetOverviewAsync(Cancel);
        Assert.Equal((LeaseState.Held, 2L, owner.Tail, BrokerSession.Established), (overview.Lease, overview.LastOperation, overview.Tail, overview.Session));
        Assert.InRange(overview.LeaseRemaining!.Value, TimeSpan.FromMilliseconds(1), Options.LeaseDuration);
        Assert.False(string.IsNullOrEmpty(overview.Owner));

        await ledger.ReleaseAsync(owner.Epoch, Cancel);
        overview = await looking.GetOverviewAsync(Cancel);
        Assert.Equal((LeaseState.Free, null, null, owner.Tail), (overview.Lease, overview.Owner, overview.LeaseRemaining, overview.Tail));
    }

    [Fact]
    public async Task A_lease_that_has_run_out_and_that_nobody_took_is_told_from_a_free_one()
    {
        Options = Options with { LeaseDuration = ShortTime };
        var owner = await OpenOwnerAsync();
        var looking = await OpenAsync(OnlyLooking);
        await PassAsync(ShortTime * 1.5);
        var overview = await looking.GetOverviewAsync(Cancel);
        Assert.Equal((LeaseState.Expired, null), (overview.Lease, overview.LeaseRemaining));
        Assert.False(string.IsNullOrEmpty(overview.Owner));
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        Assert.Equal(LeaseState.Held, (await looking.GetOverviewAsync(Cancel)).Lease);
    }
}
