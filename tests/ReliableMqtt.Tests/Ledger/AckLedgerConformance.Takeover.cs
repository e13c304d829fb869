using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Ledger;

// What a fenced owner learns of its last commit, whose answer it may have lost.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task A_fenced_owner_learns_that_its_last_commit_had_been_applied()
    {
        var old = await OpenOwnerAsync();
        var commit = old.Next() with { Appends = old.Stamp((Message("a"), 1), (Message("b"), null)) };
        var answer = await old.Ledger.CommitAsync(commit, Cancel);
        await StealAsync(old);

        var again = await old.Ledger.CommitAsync(commit, Cancel);
        Assert.Equal(CommitStatus.Fenced, again.Status);
        Assert.Equal((answer.Status, answer.Tail, answer.FirstMoved), (again.Earlier!.Status, again.Earlier.Tail, again.Earlier.FirstMoved));
    }

    [Fact]
    public async Task A_fenced_owner_learns_where_its_last_appends_were_moved_to()
    {
        var old = await OpenOwnerAsync();
        await AcceptAsync(await OpenAsync(), Message("foreign"));
        var commit = old.Next() with { Appends = old.Stamp((Message("mine"), 1)) };
        Assert.Equal(2, (await old.Ledger.CommitAsync(commit, Cancel)).FirstMoved);
        await StealAsync(old);
        Assert.Equal(2, (await old.Ledger.CommitAsync(commit, Cancel)).Earlier!.FirstMoved);
    }

    [Fact]
    public async Task A_fenced_owner_learns_that_its_last_commit_never_came()
    {
        var old = await OpenOwnerAsync();
        await old.SendAsync(1, Message("before"));
        var lost = old.Next() with { Appends = old.Stamp((Message("lost"), 2)) };
        await StealAsync(old);
        var answer = await old.Ledger.CommitAsync(lost, Cancel);
        Assert.Equal((CommitStatus.Fenced, CommitStatus.Fenced), (answer.Status, answer.Earlier!.Status));
    }

    [Fact]
    public async Task After_a_second_change_of_the_owner_nothing_is_said_of_it()
    {
        var old = await OpenOwnerAsync();
        var commit = old.Next() with { Appends = old.Stamp((Message("a"), 1)) };
        await old.Ledger.CommitAsync(commit, Cancel);
        var next = await StealAsync(old);
        await StealAsync(next);
        var answer = await old.Ledger.CommitAsync(commit, Cancel);
        Assert.Equal(CommitStatus.Fenced, answer.Status);
        Assert.Null(answer.Earlier);
    }

    /// <summary>Another epoch, without a release of the one before: the same object asks again.</summary>
    private async Task<LedgerOwner> StealAsync(LedgerOwner old) => await AcquireAsync(old.Ledger);
}
