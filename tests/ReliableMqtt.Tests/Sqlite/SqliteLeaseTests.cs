using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>The lease and the lock behind it: who ends without a word is followed at once, who lives is not.</summary>
public class SqliteLeaseTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_owner_that_ended_without_a_word_is_followed_at_once_with_all_that_it_had()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a"));
        await owner.Ledger.DisposeAsync();

        var next = await rig.OwnAsync();
        Assert.Equal("a", Assert.Single(next.Recovered.InFlight) is var entry ? System.Text.Encoding.UTF8.GetString(entry.Record.Payload.Span) : "");
        await next.ConfirmAsync(sent[0], 1);
    }

    [Fact]
    public async Task A_standby_is_told_which_process_owns_the_ledger()
    {
        await using var rig = new SqliteRig();
        await rig.OwnAsync();
        var standby = await rig.OpenAsync();
        var grant = await standby.AcquireAsync(Cancel);
        Assert.Null(grant.Epoch);
        Assert.Equal($"process {Environment.ProcessId} on {Environment.MachineName}", grant.Holder);
        Assert.Equal(rig.Options.LeaseDuration, grant.RetryAfter);
        Assert.Equal(AcceptStatus.Accepted, (await standby.AcceptAsync([rig.Message("from a standby")], Cancel))[0].Status);
    }

    [Fact]
    public async Task An_owner_without_the_lock_is_not_taken_for_dead()
    {
        await using var rig = new SqliteRig();
        var slow = await rig.OwnAsync();
        rig.Clock.Advance(rig.Options.LeaseDuration * 2);
        var owner = await rig.OwnAsync();

        // The one before lives and still has the lock. When it goes, the lock is free, and its successor has never had it.
        await slow.Ledger.DisposeAsync();
        var third = await rig.OpenAsync();
        Assert.Null((await third.AcquireAsync(Cancel)).Epoch);

        // With its next renewal the owner takes it, and is followed at once when it ends.
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await owner.Ledger.DisposeAsync();
        Assert.NotNull((await third.AcquireAsync(Cancel)).Epoch);
    }

    [Fact]
    public async Task Whoever_was_fenced_lets_the_lock_go()
    {
        await using var rig = new SqliteRig();
        var slow = await rig.OwnAsync();
        rig.Clock.Advance(rig.Options.LeaseDuration * 2);
        var owner = await rig.OwnAsync();
        Assert.Equal(CommitStatus.Fenced, (await slow.CommitAsync(slow.Next())).Status);
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        await owner.Ledger.DisposeAsync();
        Assert.NotNull((await slow.Ledger.AcquireAsync(Cancel)).Epoch);
    }

    [Fact]
    public async Task Publisher_ids_of_one_file_have_locks_of_their_own()
    {
        await using var rig = new SqliteRig();
        await rig.OwnAsync();
        var other = await rig.OpenAsync(rig.Options with { PublisherId = "plant-8" });
        await rig.OwnAsync(other);
        Assert.True(File.Exists(rig.Folder.File + ".owner-1"));
        Assert.True(File.Exists(rig.Folder.File + ".owner-2"));
    }

    [Fact]
    public async Task A_renewal_lets_go_of_what_is_too_old()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a", "id-a"), rig.Message("b", "id-b"));
        await owner.ConfirmAsync(sent[0], 1);
        Assert.Equal(2, rig.Sql("SELECT count(*) FROM ids"));
        rig.Clock.Advance(rig.Options.DeduplicationWindow);
        await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
        Assert.Equal(1, rig.Sql("SELECT count(*) FROM ids"));
        Assert.Equal(LedgerStatus.Pending, (await owner.Ledger.FindAsync(["id-b"], Cancel))[0].Status);
    }

    [Fact]
    public async Task Of_very_many_traces_the_oldest_are_let_go_and_what_they_kept_reads_unknown()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        await owner.SendAsync(1, rig.Message("a"));
        rig.Sql("""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 65538) INSERT INTO ended SELECT (1 << 53) + i FROM n;
            UPDATE publishers SET tail=70000;
            """);
        await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
        Assert.Equal(65_536, rig.Sql("SELECT count(*) FROM ended"));
        Assert.Equal(2, rig.Sql("SELECT forgotten FROM publishers"));
        MessageId[] asked = [MessageId.ForSequence(owner.Nonce, 2), MessageId.ForSequence(owner.Nonce, 3), MessageId.ForSequence(owner.Nonce, 65_539)];
        Assert.Equal([LedgerStatus.Unknown, LedgerStatus.Unknown, LedgerStatus.Confirmed], (await owner.Ledger.FindAsync(asked, Cancel)).Select(answer => answer.Status));
    }
}
