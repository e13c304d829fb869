using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests.Sqlite;

/// <summary>Bits that have changed: a record is put aside, a page stops the ledger, and nothing is thrown away.</summary>
public class SqliteDamageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("backlog")]
    [InlineData("inflight")]
    [InlineData("dead")]
    [InlineData("publishers")]
    public async Task A_page_of_nonsense_stops_the_ledger_with_a_clear_word(string table)
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("in flight"), rig.Message("dead", "dead"));
        await owner.DeadLetterAsync(sent[1], 2);
        await owner.Ledger.AcceptAsync([rig.Message("waiting")], Cancel);
        await rig.CloseAsync();
        var page = rig.Sql($"SELECT rootpage FROM sqlite_master WHERE name='{table}'");
        SqliteDamage.SpoilPage(rig.Folder.File, page);
        var before = await File.ReadAllBytesAsync(rig.Folder.File, Cancel);

        var error = await Assert.ThrowsAsync<LedgerDamagedException>(async () =>
        {
            var next = await rig.OwnAsync();
            await next.Ledger.ReadBacklogAsync(0, 10, Cancel);
            await next.Ledger.ListDeadLettersAsync(null, 10, Cancel);
        });
        Assert.Contains("is damaged", error.Message, StringComparison.Ordinal);
        Assert.Contains(".recover", error.Message, StringComparison.Ordinal);
        Assert.Equal(Page(before), Page(await File.ReadAllBytesAsync(rig.Folder.File, Cancel)));

        byte[] Page(byte[] file) => file[(int)((page - 1) * 4096)..(int)(page * 4096)];
    }

    [Fact]
    public async Task Once_damage_was_seen_nothing_more_is_written()
    {
        await using var rig = new SqliteRig();
        await (await rig.OpenAsync()).AcceptAsync([rig.Message("waiting")], Cancel);
        await rig.CloseAsync();
        SqliteDamage.SpoilPage(rig.Folder.File, rig.Sql("SELECT rootpage FROM sqlite_master WHERE name='backlog'"));
        var ledger = await rig.OpenAsync();
        await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.ReadBacklogAsync(0, 10, Cancel));
        await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.AcquireAsync(Cancel));
        await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.AcceptAsync([rig.Message("new", "id")], Cancel));
        await Assert.ThrowsAsync<LedgerDamagedException>(async () => await ledger.FindAsync(["id"], Cancel));
    }

    [Fact]
    public async Task A_record_of_the_backlog_that_cannot_be_read_is_put_aside_and_the_others_go_on()
    {
        await using var rig = new SqliteRig();
        var ledger = await rig.OpenAsync();
        var answers = await ledger.AcceptAsync([rig.Message("a"), rig.Message("b"), rig.Message("c", "id-c"), rig.Message("d")], Cancel);
        rig.Sql($"UPDATE backlog SET record=substr(record, 1, length(record)-1) || x'00' WHERE id & 65535 IN ({answers[1].Sequence}, {answers[2].Sequence})");
        Assert.Equal(["has checksum", "has checksum"], (await ledger.ListPendingAsync(0, 10, Cancel)).Items.Select(entry => entry.Problem).OfType<string>().Select(problem => problem[..12]));
        Assert.Equal(["a", "d"], await SqliteRig.BacklogAsync(ledger));

        var statistics = await ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((2, 2), (statistics.Backlog, statistics.Quarantined));
        var first = await ledger.ListQuarantineAsync(0, 1, Cancel);
        var second = await ledger.ListQuarantineAsync(first.NextAfter!.Value, 10, Cancel);
        Assert.Equal([1, 2], first.Items.Concat(second.Items).Select(record => record.Number));
        Assert.All(first.Items.Concat(second.Items), record => Assert.Equal((QuarantinePlace.Backlog, rig.Clock.GetUtcNow()), (record.Place, record.PutAsideAt!.Value)));
        Assert.Null(second.NextAfter);

        // Not sent, so never confirmed; and the application's id is free again.
        var found = await ledger.FindAsync([answers[1].MessageId, "id-c"], Cancel);
        Assert.All(found, answer => Assert.Equal(LedgerStatus.Unknown, answer.Status));
        Assert.Equal(AcceptStatus.Accepted, (await ledger.AcceptAsync([rig.Message("c again", "id-c")], Cancel))[0].Status);
    }

    [Theory]
    [InlineData("UPDATE inflight SET record=x'0102' WHERE id % 65536 = 2")]
    [InlineData("UPDATE inflight SET sequence=sequence+7 WHERE id % 65536 = 2")]
    [InlineData("INSERT INTO states VALUES((SELECT id FROM inflight WHERE id % 65536 = 2), 9, 1, 0, 0, 0, NULL)")]
    public async Task A_record_in_flight_that_cannot_be_read_condemns_the_session(string damage)
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a"), rig.Message("b"));
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established });
        await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        rig.Sql(damage);

        var next = await rig.OwnAsync();
        Assert.Equal([1], next.Recovered.InFlight.Select(entry => (int)entry.PacketId.Value));
        Assert.Equal(BrokerSession.Condemned, next.Recovered.Session);
        Assert.Equal((QuarantinePlace.InFlight, "2"), Assert.Single((await next.Ledger.ListQuarantineAsync(0, 10, Cancel)).Items) is var record ? (record.Place, record.Field) : default);
        await next.ConfirmAsync(sent[0], 1);
        Assert.NotEqual(LedgerStatus.Confirmed, (await next.Ledger.FindAsync([sent[1].MessageId], Cancel))[0].Status);
    }

    [Fact]
    public async Task A_dead_letter_that_cannot_be_read_is_put_aside_by_whoever_comes_upon_it()
    {
        await using var rig = new SqliteRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message("a", "a"), rig.Message("b", "b"), rig.Message("c", "c"));
        for (var i = 0; i < 3; i++) await owner.DeadLetterAsync(sent[i], (ushort)(i + 1));
        rig.Sql("UPDATE dead SET record=x'01' WHERE message_id IN ('a', 'c')");
        Assert.Equal(ReplayStatus.NotFound, (await owner.Ledger.ReplayAsync("a", Cancel)).Status);
        Assert.Equal(["b"], (await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items.Select(letter => letter.Record.MessageId.Value));
        Assert.Equal(["a", "c"], (await owner.Ledger.ListQuarantineAsync(0, 10, Cancel)).Items.Select(record => record.Field));
        Assert.Equal(1, (await owner.Ledger.GetStatisticsAsync(Cancel)).DeadLetters);
    }
}
