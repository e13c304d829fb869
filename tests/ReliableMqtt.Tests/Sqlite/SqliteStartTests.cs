using ReliableMqtt.Ledger;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>What a ledger finds where it is told to be, and what it makes of it.</summary>
public class SqliteStartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        await using var rig = new SqliteRig();
        var text = string.Concat(Enumerable.Repeat("Dear diary, ", 1_000));
        await File.WriteAllTextAsync(rig.Folder.File, text, Cancel);
        var error = await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync());
        Assert.Contains(rig.Folder.File, error.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(rig.Folder.File, Cancel));
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused_and_left_as_it_is()
    {
        await using var rig = new SqliteRig();
        rig.Sql("CREATE TABLE diary(day TEXT)");
        var before = await File.ReadAllBytesAsync(rig.Folder.File, Cancel);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => rig.OpenAsync());
        Assert.Contains("another program", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(rig.Folder.File, Cancel));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_as_it_is()
    {
        await using var rig = new SqliteRig();
        await rig.OpenAsync();
        await rig.CloseAsync();
        rig.Sql("PRAGMA user_version=3");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => rig.OpenAsync());
        Assert.Contains("newer version", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, rig.Sql("PRAGMA user_version"));
    }

    [Fact]
    public async Task An_empty_file_gets_the_schema_and_one_that_has_it_keeps_what_it_has()
    {
        await using var rig = new SqliteRig();
        await File.WriteAllBytesAsync(rig.Folder.File, [], Cancel);
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("kept")], Cancel);
        Assert.Equal(2, rig.Sql("PRAGMA user_version"));
        Assert.Equal(2, rig.Sql("PRAGMA auto_vacuum"));
        await rig.CloseAsync();
        Assert.Equal(["kept"], await SqliteRig.BacklogAsync(await rig.OpenAsync()));
    }

    [Fact]
    public async Task A_file_of_the_first_schema_keeps_its_messages_and_begins_to_count()
    {
        await using var rig = new SqliteRig();
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("a"), rig.Message("b")], Cancel);
        await rig.CloseAsync();
        foreach (var column in new[] { "accepted", "confirmed", "expired", "dead_lettered", "put_aside" }) rig.Sql($"ALTER TABLE publishers DROP COLUMN {column}");
        rig.Sql("PRAGMA user_version=1");

        var ledger = await rig.OpenAsync();
        Assert.Equal(["a", "b"], await SqliteRig.BacklogAsync(ledger));
        Assert.Equal(new LedgerTotals(2, 0, 0, 0, 0), (await ledger.GetStatisticsAsync(Cancel)).Totals);
        await ledger.AcceptAsync([rig.Message("c")], Cancel);
        Assert.Equal(3, (await ledger.GetStatisticsAsync(Cancel)).Totals!.Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_a_ledger_was_an_empty_one_never_begins(bool leavesEmptyFile)
    {
        await using var rig = new SqliteRig();
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("accepted")], Cancel);
        await rig.CloseAsync();
        var kept = await File.ReadAllBytesAsync(rig.Folder.File, Cancel);
        File.Delete(rig.Folder.File);
        if (leavesEmptyFile) await File.WriteAllBytesAsync(rig.Folder.File, [], Cancel);

        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync());
            Assert.Contains(rig.Folder.Owner, error.Message, StringComparison.Ordinal);
        }

        // Put back, it goes on; and who does not want it back says so.
        await File.WriteAllBytesAsync(rig.Folder.File, kept, Cancel);
        Assert.Equal(["accepted"], await SqliteRig.BacklogAsync(await rig.OpenAsync()));
        await rig.CloseAsync();
        File.Delete(rig.Folder.File);
        File.Delete(rig.Folder.Owner);
        Assert.Empty(await SqliteRig.BacklogAsync(await rig.OpenAsync()));
    }

    [Fact]
    public async Task A_log_without_its_database_is_refused()
    {
        await using var rig = new SqliteRig();
        await File.WriteAllBytesAsync(rig.Folder.Wal, new byte[32], Cancel);
        var error = await Assert.ThrowsAsync<LedgerDamagedException>(() => rig.OpenAsync());
        Assert.Contains("-wal", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(rig.Folder.Wal));
        Assert.False(File.Exists(rig.Folder.File));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_unavailable_and_may_come()
    {
        await using var rig = new SqliteRig();
        var folder = Path.Combine(Path.GetDirectoryName(rig.Folder.File)!, "later");
        rig.Settings = rig.Settings with { Path = Path.Combine(folder, "ledger.db") };
        var ledger = rig.Create();
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.OpenAsync(rig.Options, Cancel));
        Directory.CreateDirectory(folder);
        await ledger.OpenAsync(rig.Options, Cancel);
    }

    [Fact]
    public async Task Who_only_looks_makes_no_file()
    {
        await using var rig = new SqliteRig();
        await Assert.ThrowsAsync<LedgerNotFoundException>(() => rig.OpenAsync(rig.Options with { CreateIfMissing = false }));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(rig.Folder.File)!));
    }

    [Fact]
    public async Task The_next_process_finds_all_that_was_there()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a", "id-a"), rig.Message("b"), rig.Message("c"), rig.Message("d"));
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1)],
            DeadLetters = [LedgerOwner.Dead(sent[1], 2)],
            Releases = [new ReleaseOp(new(3), 1)],
            Session = BrokerSession.Established,
            Appends = owner.Stamp((rig.Message("queued", "id-q"), null)),
        });
        var before = await owner.DescribeAsync();
        await rig.CloseAsync();

        var next = await rig.OwnAsync();
        Assert.Equal(WithoutOperation(before), WithoutOperation(await next.DescribeAsync()));
        var found = await next.Ledger.FindAsync(["id-a", sent[1].MessageId, sent[2].MessageId, "id-q"], Cancel);
        Assert.Equal([LedgerStatus.Confirmed, LedgerStatus.DeadLettered, LedgerStatus.Pending, LedgerStatus.Pending], found.Select(answer => answer.Status));

        static string WithoutOperation(string description) => description[description.IndexOf(" tail", StringComparison.Ordinal)..];
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(":memory:")]
    [InlineData("file:x.db?mode=memory")]
    public void What_is_no_path_of_a_file_is_refused(string path) => Assert.ThrowsAny<ArgumentException>(() => new SqliteAckLedger(path));

    [Fact]
    public void Settings_are_checked()
    {
        var settings = new SqliteAckLedgerOptions { Path = "ledger.db" };
        Assert.Throws<ArgumentOutOfRangeException>(() => settings with { MaxFileBytes = 1_000 });
        Assert.Throws<ArgumentOutOfRangeException>(() => settings with { BusyTimeout = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => settings with { BusyTimeout = TimeSpan.FromHours(2) });
        Assert.Throws<ArgumentOutOfRangeException>(() => settings with { Synchronous = (SqliteSynchronous)7 });
        Assert.Equal(SqliteSynchronous.Full, settings.Synchronous);
    }

    [Fact]
    public async Task A_ledger_that_was_never_opened_can_be_disposed_and_says_so_afterwards()
    {
        var ledger = new SqliteAckLedger("ledger.db");
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ledger.AcquireAsync(Cancel));
        await ledger.DisposeAsync();
        await ledger.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ledger.AcquireAsync(Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "x" }, Cancel));
    }
}
