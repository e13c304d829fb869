using Microsoft.Data.Sqlite;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>No room, no right to write, and others who write: back-pressure, never loss.</summary>
public class SqliteDiskTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_at_its_limit_takes_no_message_more_and_drains()
    {
        await using var rig = new SqliteRig();
        rig.Settings = rig.Settings with { MaxFileBytes = 1 << 20 };
        var owner = await rig.OwnAsync();
        var large = new string('x', 50_000);
        var sent = await owner.SendAsync(1, rig.Message("in flight", "id-1"), rig.Message("in flight too"));
        var accepted = 0;
        while ((await owner.Ledger.AcceptAsync([rig.Message(large)], Cancel))[0] is { Status: AcceptStatus.Accepted } answer)
        {
            owner.Tail = answer.Sequence;
            Assert.True(++accepted < 50, "The file has no limit.");
        }

        Assert.InRange(accepted, 10, 25);
        Assert.InRange(new FileInfo(rig.Folder.File).Length, 0, 1 << 20);

        // Of a commit all but the appends is applied.
        var refused = await owner.CommitAsync(owner.Next() with { Confirms = [LedgerOwner.Confirm(sent[0], 1)], Appends = owner.Stamp((rig.Message(large), null)) });
        Assert.Equal(CommitStatus.AppendsRefused, refused.Status);
        Assert.Equal(LedgerStatus.Confirmed, (await owner.Ledger.FindAsync(["id-1"], Cancel))[0].Status);
        await owner.ConfirmAsync(sent[1], 2);

        // And what leaves it makes room.
        var oldest = await owner.Ledger.ReadBacklogAsync(0, 2, Cancel);
        await owner.CommitAsync(commit => commit with { Drops = [.. oldest.Select(record => new DropOp(record.Sequence, record.MessageId, null))] });
        Assert.Equal(AcceptStatus.Accepted, (await owner.Ledger.AcceptAsync([rig.Message(large)], Cancel))[0].Status);
        Assert.Equal(accepted - 1, (await SqliteRig.BacklogAsync(owner.Ledger)).Length);
    }

    [Fact]
    public async Task Without_its_reserve_it_takes_nothing_new_and_drains()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("in flight"), rig.Message("dead", "dead"));
        await owner.DeadLetterAsync(sent[1], 2);
        Assert.Equal(4 << 20, new FileInfo(rig.Folder.Reserve).Length);

        // A folder in its place: it cannot be made.
        File.Delete(rig.Folder.Reserve);
        Directory.CreateDirectory(rig.Folder.Reserve);
        Assert.Equal(AcceptStatus.Full, (await owner.Ledger.AcceptAsync([rig.Message("refused")], Cancel))[0].Status);
        Assert.Equal(ReplayStatus.Full, (await owner.Ledger.ReplayAsync("dead", Cancel)).Status);
        var refused = await owner.CommitAsync(owner.Next() with { Confirms = [LedgerOwner.Confirm(sent[0], 1)], Appends = owner.Stamp((rig.Message("x"), null)) });
        Assert.Equal(CommitStatus.AppendsRefused, refused.Status);
        Assert.Equal(LedgerStatus.Confirmed, (await owner.Ledger.FindAsync([sent[0].MessageId], Cancel))[0].Status);

        Directory.Delete(rig.Folder.Reserve);
        await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((rig.Message("x"), null)) });
        Assert.Equal(["x"], await SqliteRig.BacklogAsync(owner.Ledger));
    }

    [Fact]
    public async Task A_dead_letter_that_finds_no_room_stays_dead()
    {
        await using var rig = new SqliteRig();
        rig.Settings = rig.Settings with { MaxFileBytes = 1 << 20 };
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message(new string('d', 100_000), "dead"));
        await owner.DeadLetterAsync(sent[0], 1);
        while ((await owner.Ledger.AcceptAsync([rig.Message(new string('x', 20_000))], Cancel))[0].Status == AcceptStatus.Accepted)
        {
        }

        // The place of the letter itself is not free before the replay is stored, which may be just enough.
        var answer = await owner.Ledger.ReplayAsync("dead", Cancel);
        var status = (await owner.Ledger.FindAsync(["dead"], Cancel))[0].Status;
        Assert.Equal(answer.Status == ReplayStatus.Full ? LedgerStatus.DeadLettered : LedgerStatus.Pending, status);
        Assert.Contains(answer.Status, new[] { ReplayStatus.Full, ReplayStatus.Replayed });
    }

    [Fact]
    public async Task While_another_process_writes_nothing_is_stored_and_afterwards_it_is()
    {
        await using var rig = new SqliteRig();
        rig.Settings = rig.Settings with { BusyTimeout = TimeSpan.Zero };
        var owner = await rig.OwnAsync();
        var commit = owner.Next() with { Appends = owner.Stamp((rig.Message("m"), null)) };
        await using (var other = new SqliteConnection($"Data Source={rig.Folder.File};Pooling=False"))
        {
            await other.OpenAsync(Cancel);
            await using var transaction = other.BeginTransaction(deferred: false);
            await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await owner.Ledger.CommitAsync(commit, Cancel));
            await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await owner.Ledger.AcceptAsync([rig.Message("refused")], Cancel));
            Assert.Empty(await SqliteRig.BacklogAsync(owner.Ledger));
        }

        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(commit, Cancel)).Status);
        Assert.Equal(["m"], await SqliteRig.BacklogAsync(owner.Ledger));
    }

    [Fact]
    public async Task A_file_that_may_not_be_written_is_unavailable_and_nothing_of_it_is_lost()
    {
        await using var rig = new SqliteRig();
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("kept")], Cancel);
        await rig.CloseAsync();

        // As root a file's mode stops nobody; a file that is a folder does.
        var folder = Directory.CreateDirectory(rig.Folder.File + "-blocked");
        rig.Settings = rig.Settings with { Path = folder.FullName };
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(() => rig.OpenAsync());
        Assert.IsNotType<LedgerDamagedException>(error);
        rig.Settings = rig.Settings with { Path = rig.Folder.File };
        Assert.Equal(["kept"], await SqliteRig.BacklogAsync(await rig.OpenAsync()));
    }

    [Fact]
    public async Task A_connection_that_may_not_write_says_so_and_goes_on_when_it_may()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        await owner.SendAsync(1, rig.Message("m"));
        await owner.Ledger.SetReadOnlyAsync(true);
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await owner.Ledger.AcceptAsync([rig.Message("refused")], Cancel));
        Assert.Contains("read-only", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await owner.Ledger.CommitAsync(owner.Next() with { Appends = owner.Stamp((rig.Message("x"), null)) }, Cancel));
        await owner.Ledger.SetReadOnlyAsync(false);
        await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((rig.Message("x"), null)) });
        Assert.Equal(["x"], await SqliteRig.BacklogAsync(owner.Ledger));
    }

    [Fact]
    public async Task What_has_drained_is_given_back_to_the_disk()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var text = new string('x', 60_000);
        var answers = new List<AcceptAnswer>();
        for (var i = 0; i < 200; i++) answers.AddRange(await owner.Ledger.AcceptAsync([rig.Message(text)], Cancel));
        owner.Tail = answers[^1].Sequence;
        foreach (var some in answers.Chunk(50))
            await owner.CommitAsync(commit => commit with { Drops = [.. some.Select(answer => new DropOp(answer.Sequence, answer.MessageId, null))] });
        var full = rig.Sql("PRAGMA page_count");
        Assert.InRange(full * 4096, 200 * text.Length, long.MaxValue);

        for (var i = 0; i < 20; i++) await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
        Assert.InRange(rig.Sql("PRAGMA page_count"), 1, 1_100);
        Assert.Equal(1_024, rig.Sql("PRAGMA freelist_count"));
    }
}
