using Microsoft.Data.Sqlite;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>A file that somebody writes over with an older state of its own, under a living owner: what the owner knows goes back into it.</summary>
public class SqliteRestoreTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_file_has_lost_comes_back_with_packet_ids_stages_order_and_ends()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, [.. Enumerable.Range(0, 6).Select(i => rig.Message($"m{i}", i > 3 ? $"id-{i}" : null))]);
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established, Appends = owner.Stamp((rig.Message("q0"), null), (rig.Message("q1"), null)) });
        var goBack = await SaveAsync(rig);

        await owner.CommitAsync(commit => commit with
        {
            Confirms = [LedgerOwner.Confirm(sent[0], 1), LedgerOwner.Confirm(sent[4], 5, 0x10)],
            Releases = [new ReleaseOp(new PacketId(2), 7)],
            DeadLetters = [LedgerOwner.Dead(sent[3], 4), LedgerOwner.Dead(sent[5], 6)],
            Moves = [new MoveOp(new PacketId(3), new PacketId(9), new InflightState(InflightStage.Parked, new SendOrder(sent[3].Sequence, 2), 0, 3, rig.Clock.GetUtcNow()))],
            Assigns = [new AssignOp(7, new PacketId(10))],
            Appends = owner.Stamp((rig.Message("q2", "id-q2"), null), (rig.Message("q3"), null)),
        });
        var before = await owner.DescribeAsync();
        var memory = await owner.RememberAsync() with
        {
            Finished = [(await owner.Ledger.FindAsync(["id-4"], Cancel))[0]],
            DeadLetters = (await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items,
            Unconfirmed = [sent[3].Sequence, sent[5].Sequence],
        };
        goBack();

        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(LeaseStatus.RolledBack, (await owner.Ledger.RenewAsync(owner.Epoch, Cancel)).Status);
        var result = await owner.RestoreAsync(memory);
        Assert.Equal((RestoreStatus.Restored, 3), (result.Status, result.BacklogCount));
        Assert.True(result.Tail > memory.Tail);
        Assert.Equal(WithoutOperationAndTail(before), WithoutOperationAndTail(await owner.DescribeAsync()));
        MessageId[] asked = [sent[0].MessageId, "id-4", sent[3].MessageId, "id-5", sent[1].MessageId, "id-q2"];
        Assert.Equal(
            [LedgerStatus.Confirmed, LedgerStatus.Confirmed, LedgerStatus.DeadLettered, LedgerStatus.DeadLettered, LedgerStatus.Pending, LedgerStatus.Pending],
            (await owner.Ledger.FindAsync(asked, Cancel)).Select(answer => answer.Status));

        // Once more it is an answer, and the owner goes on.
        Assert.Equal(result.Lost, (await owner.RestoreAsync(memory)).Lost);
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(8, new PacketId(11))], Appends = owner.Stamp((rig.Message("new"), null)) });
        Assert.Equal(["q2", "q3", "new"], await SqliteRig.BacklogAsync(owner.Ledger));
        await owner.ConfirmAsync(memory.InFlight.Single(entry => entry.PacketId == new PacketId(9)).Record, 9);
    }

    [Fact]
    public async Task What_nobody_knows_reads_unknown_and_its_sequences_are_nobodys()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a", "id-a"), rig.Message("b"));
        var goBack = await SaveAsync(rig);
        await owner.ConfirmAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);
        var memory = await owner.RememberAsync() with { Known = [], Unconfirmed = [sent[1].Sequence] };
        var lost = (await (await rig.OpenAsync()).AcceptAsync([rig.Message("lost"), rig.Message("named", "named")], Cancel))[0];
        goBack();

        var result = await owner.RestoreAsync(memory);
        Assert.Contains(result.Lost, range => range.Contains(lost.Sequence));
        MessageId[] asked = ["id-a", sent[1].MessageId, lost.MessageId, "named"];
        Assert.All(await owner.Ledger.FindAsync(asked, Cancel), answer => Assert.Equal(LedgerStatus.Unknown, answer.Status));
        Assert.True((await owner.Ledger.AcceptAsync([rig.Message("new")], Cancel))[0].Sequence > result.Lost[^1].Last);
    }

    [Fact]
    public async Task An_owner_whose_acquisition_was_lost_too_comes_back_unless_somebody_was_quicker()
    {
        await using var rig = new SqliteRig();
        var before = await rig.OwnAsync();
        await before.SendAsync(1, rig.Message("a"));
        await before.Ledger.ReleaseAsync(before.Epoch, Cancel);
        var goBack = await SaveAsync(rig);
        var owner = await rig.OwnAsync();
        await owner.SendAsync(2, rig.Message("b"));
        var memory = await owner.RememberAsync();
        goBack();
        Assert.Equal(CommitStatus.RolledBack, (await owner.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        Assert.Equal(RestoreStatus.Restored, (await owner.RestoreAsync(memory)).Status);
        Assert.Equal([1, 2], (await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight.Select(entry => (int)entry.PacketId.Value));
        Assert.Null((await (await rig.OpenAsync()).AcquireAsync(Cancel)).Epoch);

        goBack();
        var next = await rig.OwnAsync(before.Ledger);
        Assert.Equal(RestoreStatus.Fenced, (await owner.RestoreAsync(memory with { Operation = memory.Operation + 1 })).Status);
        Assert.Single(next.Recovered.InFlight);
        Assert.Equal(RestoreStatus.Fenced, (await next.RestoreAsync(await next.RememberAsync() with { LedgerNonce = next.Nonce + 1 })).Status);
    }

    private static string[] WithoutOperationAndTail(string description) => [.. description.Split('\n')[1..].Select(line => line.Split(", Tail")[0])];

    /// <summary>Notes what the file has now. The answer writes that over it, through SQLite, as whoever restores a backup under a living process.</summary>
    private static async Task<Action> SaveAsync(SqliteRig rig)
    {
        var copy = rig.Folder.File + ".saved";
        await using (var source = Connect(rig.Folder.File))
        await using (var target = Connect(copy))
            source.BackupDatabase(target);
        return () =>
        {
            using var source = Connect(copy);
            using var target = Connect(rig.Folder.File);
            source.BackupDatabase(target);
        };
    }

    private static SqliteConnection Connect(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return connection;
    }
}
