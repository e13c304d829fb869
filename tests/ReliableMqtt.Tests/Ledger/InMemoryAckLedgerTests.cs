using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

public sealed partial class InMemoryAckLedgerTests : AckLedgerConformance
{
    private readonly InMemoryLedgerStore _store = new();

    protected override ValueTask<AckLedger> CreateOnFreshStoreAsync() => CreateOnSameStoreAsync();

    protected override ValueTask<AckLedger> CreateOnSameStoreAsync() => ValueTask.FromResult<AckLedger>(new InMemoryAckLedger(_store));

    protected override bool CanLoseWrites => true;

    protected override ValueTask<Func<ValueTask>> SaveStoreAsync()
    {
        var publisher = _store.Of(Options.PublisherId);
        var saved = publisher.Save();
        return ValueTask.FromResult<Func<ValueTask>>(() =>
        {
            publisher.GoBack(saved);
            return ValueTask.CompletedTask;
        });
    }

    protected override ValueTask WipeStoreAsync()
    {
        _store.Of(Options.PublisherId).GoBack(null);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_says_that_it_is_lost_with_the_process()
    {
        await using var ledger = new InMemoryAckLedger();
        Assert.Equal(LedgerDurabilityLevel.Process, (await ledger.OpenAsync(Options, Cancel)).Level);
        Assert.Equal("memory", ledger.Kind);
    }

    [Fact]
    public async Task A_disposed_ledger_leaves_the_store_to_the_others()
    {
        var first = await OpenAsync();
        await AcceptAsync(first, Message());
        await first.DisposeAsync();
        Assert.Single(await BacklogAsync(await OpenAsync()));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await AcceptAsync(first, Message()));
    }

    [Fact]
    public async Task Two_stores_know_nothing_of_each_other()
    {
        var here = await OpenOwnerAsync();
        await using var elsewhere = new InMemoryAckLedger();
        await elsewhere.OpenAsync(Options, Cancel);
        await AcceptAsync(elsewhere, Message());
        Assert.Empty(await BacklogAsync(here.Ledger));
        Assert.NotEqual(here.Nonce, (await AcquireAsync(elsewhere)).Nonce);
    }

    [Fact]
    public async Task A_handler_that_throws_does_not_make_an_accepted_message_look_refused()
    {
        var ledger = await OpenAsync();
        ledger.Changed += _ => throw new InvalidOperationException("a handler's own trouble");
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(ledger, Message())).Status);
    }

    /// <summary>Found by the simulation: somebody who waited was told that nothing is known of his message, which came back a moment later.</summary>
    [Fact]
    public async Task What_is_lost_is_not_called_unknown_before_an_owner_has_looked()
    {
        var owner = await OpenOwnerAsync();
        var ledger = await OpenAsync();
        var saved = _store.Of(Options.PublisherId).Save();
        var accepted = await AcceptAsync(ledger, Message());
        _store.Of(Options.PublisherId).GoBack(saved);
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync([accepted.MessageId], Cancel));

        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        Assert.Equal(LedgerStatus.Pending, (await ledger.FindAsync([accepted.MessageId], Cancel))[0].Status);
    }
}
