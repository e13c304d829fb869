using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>What a loss of power may leave, and what somebody may do to the files: a prefix of the commits, or a clear word.</summary>
public class SqliteLossTests
{
    private const int Commits = 12, WalHeader = 32, FrameHeader = 24, Page = 4096;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_much_of_the_log_is_left_it_is_a_prefix_of_the_commits()
    {
        await using var rig = new SqliteRig();
        await FillAsync(rig);
        var (database, wal) = (await File.ReadAllBytesAsync(rig.Folder.File, Cancel), await File.ReadAllBytesAsync(rig.Folder.Wal, Cancel));
        await rig.CloseAsync();

        var random = new Random(7);
        var frames = (wal.Length - WalHeader) / (FrameHeader + Page);
        var cuts = Enumerable.Range(0, frames + 1).Select(frame => WalHeader + (frame * (FrameHeader + Page))).Concat(Enumerable.Range(0, 20).Select(_ => random.Next(wal.Length + 1))).Append(0).Append(wal.Length);
        var seen = new HashSet<int>();
        var before = 0;
        foreach (var cut in cuts.Order())
        {
            var left = await ReopenAsync(database, wal[..cut]);
            Assert.Equal(Enumerable.Range(0, left.Length).Select(i => $"m{i}"), left);
            Assert.True(left.Length >= before, $"A log of {cut} bytes has fewer commits than a shorter one.");
            seen.Add(before = left.Length);
        }

        // All of them were seen: else the cuts would prove nothing.
        Assert.Equal(Enumerable.Range(0, Commits + 1), seen.Order());
    }

    [Fact]
    public async Task What_was_answered_is_in_the_files_at_that_moment()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        for (var i = 0; i < Commits; i++)
        {
            await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((rig.Message($"m{i}"), null)) });
            Assert.Equal(i + 1, (await ReopenAsync(await File.ReadAllBytesAsync(rig.Folder.File, Cancel), await File.ReadAllBytesAsync(rig.Folder.Wal, Cancel))).Length);
        }
    }

    [Theory]
    [InlineData(SqliteSynchronous.Full)]
    [InlineData(SqliteSynchronous.Normal)]
    public async Task A_loss_of_power_leaves_a_marker_of_the_owner_that_it_met(SqliteSynchronous synchronous)
    {
        await using var rig = new SqliteRig { Boot = 1 };
        rig.Settings = rig.Settings with { Synchronous = synchronous };
        byte[]? synced = null;
        void Keep(string path, byte[] bytes) => synced = path == rig.Folder.Owner ? bytes : synced;
        OwnerFile.Synced += Keep;
        try
        {
            // One that has ended in order is not to be taken for the one behind it.
            var before = await rig.OwnAsync();
            await before.Ledger.ReleaseAsync(before.Epoch, Cancel);
            Assert.NotNull(synced);
            Assert.True(OwnerMarker.Read(synced)!.Value.IsClean);
            var owner = await rig.OwnAsync();
            await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((rig.Message("m"), null)) });
        }
        finally
        {
            OwnerFile.Synced -= Keep;
        }

        await rig.CloseAsync();
        await File.WriteAllBytesAsync(rig.Folder.Owner, synced, Cancel);
        rig.Boot = 2;
        var next = (await rig.OwnAsync()).Recovered;
        Assert.Equal(synchronous == SqliteSynchronous.Full ? BrokerSession.Established : BrokerSession.Condemned, next.Session);
    }

    [Fact]
    public async Task With_NORMAL_a_ledger_that_has_lost_all_but_its_beginning_goes_on_and_gives_nothing_out_again()
    {
        await using var rig = new SqliteRig { Boot = 1 };
        rig.Settings = rig.Settings with { Synchronous = SqliteSynchronous.Normal };
        var owner = await rig.OwnAsync();
        // What no checkpoint has brought into the database may be gone.
        var database = await File.ReadAllBytesAsync(rig.Folder.File, Cancel);
        var lost = (await owner.Ledger.AcceptAsync([rig.Message("lost")], Cancel))[0];
        await rig.CloseAsync();
        await File.WriteAllBytesAsync(rig.Folder.File, database, Cancel);

        rig.Boot = 2;
        var next = await rig.OwnAsync();
        Assert.True((await next.Ledger.AcceptAsync([rig.Message("new")], Cancel))[0].Sequence > lost.Sequence);
        Assert.Equal(LedgerStatus.Unknown, (await next.Ledger.FindAsync([lost.MessageId], Cancel))[0].Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public async Task A_log_that_was_deleted_or_cut_off_is_seen_and_can_be_put_back(double left)
    {
        await using var rig = new SqliteRig();
        await FillAsync(rig);
        var (database, wal) = (await File.ReadAllBytesAsync(rig.Folder.File, Cancel), await File.ReadAllBytesAsync(rig.Folder.Wal, Cancel));
        await rig.CloseAsync();
        await File.WriteAllBytesAsync(rig.Folder.File, database, Cancel);
        await File.WriteAllBytesAsync(rig.Folder.Wal, wal[..(int)(wal.Length * left)], Cancel);
        if (left == 0) File.Delete(rig.Folder.Wal);

        var error = await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync());
        Assert.Contains(rig.Folder.Owner, error.Message, StringComparison.Ordinal);
        Assert.Contains("-wal", error.Message, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(rig.Folder.File, database, Cancel);
        await File.WriteAllBytesAsync(rig.Folder.Wal, wal, Cancel);
        Assert.Equal(2 * Commits, (await SqliteRig.BacklogAsync(await rig.OpenAsync())).Length);
    }

    [Fact]
    public async Task An_older_copy_is_taken_when_somebody_says_so_and_nothing_of_the_lost_time_is_used_again()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((rig.Message("kept"), null)) });
        await rig.CloseAsync();
        var copy = await File.ReadAllBytesAsync(rig.Folder.File, Cancel);
        owner = await rig.OwnAsync();
        var lost = (await owner.Ledger.AcceptAsync([rig.Message("lost")], Cancel))[0];
        await rig.CloseAsync();
        await File.WriteAllBytesAsync(rig.Folder.File, copy, Cancel);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync());

        File.Delete(rig.Folder.Owner);
        await AssertNotUsedAgainAsync(rig, lost);
    }

    [Fact]
    public async Task The_database_of_another_ledger_is_not_taken_for_this_one()
    {
        await using var rig = new SqliteRig();
        await using var other = new SqliteRig();
        await rig.OpenAsync();
        await (await other.OpenAsync()).AcceptAsync([other.Message("m")], Cancel);
        await rig.CloseAsync();
        await other.CloseAsync();
        File.Copy(other.Folder.File, rig.Folder.File, overwrite: true);
        Assert.Contains("of another ledger", (await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_NORMAL_a_new_start_of_the_machine_may_have_lost_the_last_commits()
    {
        await using var rig = new SqliteRig { Boot = 1 };
        rig.Settings = rig.Settings with { Synchronous = SqliteSynchronous.Normal };
        var owner = await rig.OwnAsync();
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((rig.Message("kept"), null)) });
        var (database, wal) = (await File.ReadAllBytesAsync(rig.Folder.File, Cancel), await File.ReadAllBytesAsync(rig.Folder.Wal, Cancel));
        var lost = (await owner.Ledger.AcceptAsync([rig.Message("lost")], Cancel))[0];
        await rig.CloseAsync();
        await File.WriteAllBytesAsync(rig.Folder.File, database, Cancel);
        await File.WriteAllBytesAsync(rig.Folder.Wal, wal, Cancel);

        rig.Boot = 2;
        await AssertNotUsedAgainAsync(rig, lost);
    }

    [Theory]
    [InlineData(SqliteSynchronous.Full, 2, false)]
    [InlineData(SqliteSynchronous.Normal, 1, false)]
    [InlineData(SqliteSynchronous.Normal, 2, true)]
    public async Task Where_nothing_can_be_lost_the_tail_and_the_session_stay(SqliteSynchronous synchronous, ulong nextBoot, bool isReleased)
    {
        await using var rig = new SqliteRig { Boot = 1 };
        rig.Settings = rig.Settings with { Synchronous = synchronous };
        var owner = await rig.OwnAsync();
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((rig.Message("m"), null)) });
        if (isReleased) await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        await rig.CloseAsync();
        rig.Boot = nextBoot;
        var next = await rig.OwnAsync();
        Assert.Equal((1L, BrokerSession.Established), (next.Recovered.Tail, next.Recovered.Session));
    }

    private static async Task AssertNotUsedAgainAsync(SqliteRig rig, AcceptAnswer lost)
    {
        var next = await rig.OwnAsync();
        Assert.Equal(["kept"], await SqliteRig.BacklogAsync(next.Ledger));
        Assert.Equal(BrokerSession.Condemned, next.Recovered.Session);
        Assert.True((await next.Ledger.AcceptAsync([rig.Message("new")], Cancel))[0].Sequence > lost.Sequence);
        Assert.Equal(LedgerStatus.Unknown, (await next.Ledger.FindAsync([lost.MessageId], Cancel))[0].Status);
        await rig.CloseAsync();

        // Once is enough.
        var tail = (await (await rig.OpenAsync()).GetStatisticsAsync(Cancel)).Tail;
        await rig.CloseAsync();
        Assert.Equal(tail, (await (await rig.OpenAsync()).GetStatisticsAsync(Cancel)).Tail);
    }

    private static async Task FillAsync(SqliteRig rig)
    {
        var owner = await rig.OwnAsync();
        for (var i = 0; i < Commits; i++)
            await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((rig.Message($"m{i}", qos: 1), null), (rig.Message(new string('x', 100 + (997 * i)), $"id-{i}", qos: 1), null)) });
    }

    /// <summary>What another machine finds that gets these files, and not the marker, for which nobody waits.</summary>
    private static async Task<string[]> ReopenAsync(byte[] database, byte[] wal)
    {
        await using var rig = new SqliteRig();
        await File.WriteAllBytesAsync(rig.Folder.File, database, Cancel);
        await File.WriteAllBytesAsync(rig.Folder.Wal, wal, Cancel);
        return [.. (await SqliteRig.BacklogAsync(await rig.OpenAsync())).Where(text => text[0] == 'm')];
    }
}
