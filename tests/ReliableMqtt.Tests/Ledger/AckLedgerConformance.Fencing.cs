using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Fencing and the lease: at most one epoch is current; a stale one changes nothing, in every dispatching method.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task A_stale_epoch_changes_nothing_in_any_dispatching_method()
    {
        var old = await OpenOwnerAsync();
        var sent = await old.SendAsync(1, Messages(2));
        var repeated = old.Next() with { Session = BrokerSession.Established };
        await old.CommitAsync(repeated);
        var current = await TakeOverAsync(old);
        var before = await current.DescribeAsync();

        var confirm = old.Next() with { Confirms = [LedgerOwner.Confirm(sent[0], 1)], Appends = old.Stamp((Message("x"), 3)) };
        Assert.Equal(CommitStatus.Fenced, (await old.Ledger.CommitAsync(confirm, Cancel)).Status);
        Assert.Equal(CommitStatus.Fenced, (await old.Ledger.CommitAsync(confirm with { Operation = 1 }, Cancel)).Status);
        Assert.Equal(CommitStatus.Fenced, (await old.Ledger.CommitAsync(repeated, Cancel)).Status);
        await Assert.ThrowsAsync<LedgerFencedException>(async () => await old.Ledger.RecoverAsync(old.Epoch, Cancel));
        Assert.Equal(LeaseStatus.Fenced, (await old.Ledger.RenewAsync(old.Epoch, Cancel)).Status);
        await old.Ledger.ReleaseAsync(old.Epoch, Cancel);

        Assert.Equal(before, await current.DescribeAsync());
        Assert.Equal(LeaseStatus.Held, (await current.Ledger.RenewAsync(current.Epoch, Cancel)).Status);
        await current.ConfirmAsync(sent[0], 1);
    }

    [Fact]
    public async Task An_epoch_that_nobody_ever_had_is_stale()
    {
        var owner = await OpenOwnerAsync();
        foreach (var token in new[] { "", "1", owner.Epoch.Token + "x" })
        {
            var epoch = new LedgerEpoch(token);
            Assert.Equal(CommitStatus.Fenced, (await owner.Ledger.CommitAsync(owner.Next() with { Epoch = epoch }, Cancel)).Status);
            Assert.Equal(LeaseStatus.Fenced, (await owner.Ledger.RenewAsync(epoch, Cancel)).Status);
            await Assert.ThrowsAsync<LedgerFencedException>(async () => await owner.Ledger.RecoverAsync(epoch, Cancel));
        }

        await owner.Ledger.ReleaseAsync(new LedgerEpoch("x"), Cancel);
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
    }

    [Fact]
    public async Task A_held_lease_is_not_granted_to_another_process()
    {
        var owner = await OpenOwnerAsync();
        var grant = await (await OpenAsync()).AcquireAsync(Cancel);
        Assert.Null(grant.Epoch);
        Assert.False(string.IsNullOrEmpty(grant.Holder));
        Assert.InRange(grant.RetryAfter, TimeSpan.FromTicks(1), Options.LeaseDuration);
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
    }

    [Fact]
    public async Task A_released_lease_is_granted_at_once_and_the_released_epoch_is_stale()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        Assert.Equal(CommitStatus.Fenced, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(LeaseStatus.Fenced, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        Assert.NotEqual(owner.Epoch, (await AcquireAsync(other)).Epoch);
    }

    [Fact]
    public async Task Releasing_wakes_who_waits_for_the_lease()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        other.Changed += change =>
        {
            if (change == LedgerChange.Lease) woken.TrySetResult();
        };
        await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        await woken.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task The_holder_that_acquires_again_has_a_new_epoch_at_once()
    {
        var owner = await OpenOwnerAsync();
        var records = await owner.SendAsync(1, Message());
        var again = await AcquireAsync(owner.Ledger);
        Assert.NotEqual(owner.Epoch, again.Epoch);
        Assert.Equal(0, again.Operation);
        Assert.Equal(CommitStatus.Fenced, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        await again.ConfirmAsync(records[0], 1);
    }

    [Fact]
    public async Task An_expired_lease_goes_to_another_process_and_a_renewed_one_does_not()
    {
        Options = Options with { LeaseDuration = ShortTime };
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        await PassAsync(ShortTime * 0.6);
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await PassAsync(ShortTime * 0.6);
        Assert.Null((await other.AcquireAsync(Cancel)).Epoch);

        await PassAsync(ShortTime);
        var next = await AcquireAsync(other);
        Assert.Equal(LeaseStatus.Fenced, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        Assert.Equal(CommitStatus.Fenced, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        await next.SendAsync(1, Message());
    }

    [Fact]
    public async Task An_expired_lease_that_nobody_took_stays_good()
    {
        Options = Options with { LeaseDuration = ShortTime };
        var owner = await OpenOwnerAsync();
        await PassAsync(ShortTime * 1.5);
        var records = await owner.SendAsync(1, Message());
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await owner.ConfirmAsync(records[0], 1);
        Assert.Null((await (await OpenAsync()).AcquireAsync(Cancel)).Epoch);
    }

    [Fact]
    public async Task Only_one_of_many_gets_the_lease()
    {
        var ledgers = new List<AckLedger>();
        for (var i = 0; i < 6; i++) ledgers.Add(await OpenAsync());
        var grants = await Task.WhenAll(ledgers.Select(ledger => Task.Run(async () => await ledger.AcquireAsync(Cancel))));
        Assert.Single(grants, grant => grant.Epoch is not null);
    }

    [Fact]
    public async Task Accepting_reading_and_asking_need_no_lease()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(2));
        await owner.DeadLetterAsync(sent[0], 1);
        var other = await OpenAsync();
        var answer = await AcceptAsync(other, Message("m"));
        await AssertStatusAsync(other, LedgerStatus.Pending, sent[1].MessageId, answer.MessageId);
        Assert.Equal(ReplayStatus.Replayed, (await other.ReplayAsync(sent[0].MessageId, Cancel)).Status);
        Assert.Equal(["m", "m0"], Texts(await BacklogAsync(other)));
        Assert.Equal(
            new LedgerStatistics(2, 1, 0, 0, null, Tail: 4, LowestUnfinished: 2, Totals: new LedgerTotals(4, 0, 0, 1, 0)),
            (await other.GetStatisticsAsync(Cancel)) with { PendingBytes = 0, OldestAcceptedAt = null });
    }

    [Fact]
    public async Task What_the_store_answered_survives_its_restart()
    {
        if (!CanRestartStore)
        {
            // A store that keeps nothing must say so.
            var ledger = await CreateOnFreshStoreAsync();
            await using var _ = ledger;
            Assert.Equal(LedgerDurabilityLevel.Process, (await ledger.OpenAsync(Options, Cancel)).Level);
            return;
        }

        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(3));
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            DeadLetters = [LedgerOwner.Dead(sent[1], 2)],
            Releases = [new ReleaseOp(new PacketId(3), 1)],
            Session = BrokerSession.Established,
        });
        var answer = await AcceptAsync(owner.Ledger, Message("waiting", "application-id"));
        var before = await owner.DescribeAsync();

        // The tail may have jumped: what a restart has lost unseen is not given out again.
        await RestartStoreAsync();
        Assert.Equal(WithoutOperationAndTail(before), WithoutOperationAndTail(await owner.DescribeAsync()));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, sent[2].MessageId, answer.MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.DeadLettered, sent[1].MessageId);
        Assert.Equal(AcceptStatus.Known, (await AcceptAsync(owner.Ledger, Message("again", "application-id"))).Status);
    }
}
