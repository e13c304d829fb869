using System.Runtime.CompilerServices;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Who is woken, and arguments.
public sealed partial class InMemoryAckLedgerTests
{
    /// <summary>An owner, and an acceptor whose message is kept. What wakes the owner from now on is counted; when the waking has no end, the acceptor leaves.</summary>
    private async Task<(LedgerOwner Owner, AckLedger Other, AcceptAnswer Kept, Func<int> Woken)> CountWakingAsync()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var kept = await AcceptAsync(other, Message("kept"));
        var woken = 0;
        owner.Ledger.Changed += _ =>
        {
            if (++woken == 10) other.DisposeAsync().AsTask().GetAwaiter().GetResult();
        };
        return (owner, other, kept, () => woken);
    }

    [Fact]
    public async Task Nobody_is_woken_by_a_question_while_there_is_something_in_the_backlog()
    {
        var (_, other, kept, woken) = await CountWakingAsync();
        await AssertStatusAsync(other, LedgerStatus.Pending, kept.MessageId);
        Assert.Equal(0, woken());
    }

    [Fact]
    public async Task Nobody_is_woken_by_a_question_when_nothing_comes_back()
    {
        var (owner, other, kept, woken) = await CountWakingAsync();
        owner.Tail = kept.Sequence;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(kept.Sequence, new PacketId(1))] });
        await AssertStatusAsync(other, LedgerStatus.Pending, kept.MessageId);
        Assert.Equal(0, woken());
    }

    [Fact]
    public async Task Nobody_is_woken_by_a_question_before_an_owner_has_looked_at_what_is_left()
    {
        var (_, other, kept, woken) = await CountWakingAsync();
        _store.Of(Options.PublisherId).GoBack(_store.Of(Options.PublisherId).Save());
        await AssertStatusAsync(other, LedgerStatus.Pending, kept.MessageId);
        Assert.Equal(0, woken());
    }

    [Fact]
    public async Task The_owner_is_woken_for_what_an_acceptor_gives_once_more()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var saved = _store.Of(Options.PublisherId).Save();
        await AcceptAsync(other, Message("lost"));
        var seen = new List<long>();
        owner.Ledger.Changed += change =>
        {
            Assert.True(seen.Count < 10);
            seen.Add(_store.Of(Options.PublisherId).Count(Options).Backlog);
        };
        _store.Of(Options.PublisherId).GoBack(saved);
        var memory = await owner.RememberAsync();
        Assert.Equal(RestoreStatus.Restored, (await owner.RestoreAsync(memory)).Status);
        Assert.Equal([0, 1], seen);
    }

    [Fact]
    public async Task Who_opens_twice_is_told_once()
    {
        var ledger = await OpenAsync();
        await ledger.OpenAsync(Options, Cancel);
        var (changed, finished) = (0, 0);
        ledger.Changed += _ => changed++;
        ledger.Finished += _ => finished++;
        await AcceptAsync(ledger, Message());
        Assert.Equal(1, changed);

        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await BacklogAsync(owner.Ledger));
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(1, new PacketId(1))], ExpectedTail = 1 });
        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(record, 1) with { Acceptor = record.Acceptor }] });
        Assert.Equal(1, finished);
    }

    [Fact]
    public async Task A_stale_epoch_that_is_given_back_wakes_nobody()
    {
        var owner = await OpenOwnerAsync();
        await AcquireAsync(owner.Ledger);
        var woken = 0;
        owner.Ledger.Changed += _ => woken++;
        await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        Assert.Equal(0, woken);
    }

    [Fact]
    public void A_disposed_ledger_is_let_go_by_its_store()
    {
        var disposed = OpenAndDispose(_store);
        for (var i = 0; i < 10 && disposed.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(disposed.IsAlive);
        GC.KeepAlive(_store);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference OpenAndDispose(InMemoryLedgerStore store)
    {
        var ledger = new InMemoryAckLedger(store);
        Assert.True(ledger.OpenAsync(Options, default).IsCompletedSuccessfully);
        Assert.True(ledger.DisposeAsync().IsCompletedSuccessfully);
        return new WeakReference(ledger);
    }

    [Fact]
    public async Task Missing_arguments_are_named()
    {
        Assert.Throws<ArgumentNullException>(() => new InMemoryAckLedger(null!));
        await using var ledger = new InMemoryAckLedger();
        await Assert.ThrowsAsync<ArgumentNullException>("options", async () => await ledger.OpenAsync(null!, Cancel));
        await Assert.ThrowsAsync<ArgumentException>("options", async () => await ledger.OpenAsync(Options with { PublisherId = "" }, Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("options", async () => await ledger.OpenAsync(Options with { LeaseDuration = TimeSpan.Zero }, Cancel));
        await ledger.OpenAsync(Options, Cancel);
        await Assert.ThrowsAsync<ArgumentNullException>("records", async () => await ledger.AcceptAsync(null!, Cancel));
        await Assert.ThrowsAsync<ArgumentNullException>("record", async () => await ledger.AcceptAsync([null!], Cancel));
        await Assert.ThrowsAsync<ArgumentNullException>("messageIds", async () => await ledger.FindAsync(null!, Cancel));
        await Assert.ThrowsAsync<ArgumentNullException>("commit", async () => await ledger.CommitAsync(null!, Cancel));
        await Assert.ThrowsAsync<ArgumentNullException>("restore", async () => await ledger.RestoreAsync(null!, Cancel));
    }

    [Fact]
    public async Task A_ledger_that_is_not_open_says_so()
    {
        await using var ledger = new InMemoryAckLedger();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ledger.ListQuarantineAsync(0, 1, Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ledger.ReleaseAsync(new LedgerEpoch("x"), Cancel));
    }
}
