using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests.Ledger;
using static ReliableMqtt.IntegrationTests.Redis.DamagedLedger;

namespace ReliableMqtt.IntegrationTests.Redis;

// What was put aside is numbered and listed, nothing of it is ever written over, and neither its packet id nor its message id comes to harm.
public sealed class RedisQuarantineListTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_listed_in_pages_in_the_order_in_which_it_was_put_aside()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.Ledger.AcceptAsync([.. Enumerable.Range(0, 7).Select(i => Message($"m{i}"))], Cancel);
        var kept = new List<byte[]>();
        foreach (var i in new[] { 1, 2, 4, 5, 6 }) kept.Add(await damaged.DamageBacklogAsync(i, bytes => Flip(bytes, -1)));
        Assert.Equal(2, (await owner.Ledger.ReadBacklogAsync(0, 100, Cancel)).Count);
        await damaged.Database.HashDeleteAsync(Key("quarantine"), "3"); // By a human hand.

        var listed = new List<QuarantinedRecord>();
        for (long? after = 0; after is { } from;)
        {
            var page = await owner.Ledger.ListQuarantineAsync(from, 2, Cancel);
            Assert.InRange(page.Items.Count, 0, 2);
            listed.AddRange(page.Items);
            after = page.NextAfter;
        }

        Assert.Equal([1, 2, 4, 5], listed.Select(record => record.Number));
        Assert.Equal([kept[0], kept[1], kept[3], kept[4]], listed.Select(record => record.Bytes.ToArray()));
        Assert.All(listed, record => Assert.Contains("checksum", record.Reason, StringComparison.Ordinal));
        Assert.Equal(4, (await owner.Ledger.GetStatisticsAsync(Cancel)).Quarantined);
    }

    [Fact]
    public async Task Its_page_is_bounded_in_bytes_too()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        for (var i = 0; i < 3; i++) await owner.Ledger.AcceptAsync([Message(new string('x', 3 << 20))], Cancel);
        for (var i = 0; i < 3; i++) await damaged.DamageBacklogAsync(i, bytes => Flip(bytes, -1));
        Assert.Empty(await owner.Ledger.ReadBacklogAsync(0, 100, Cancel));
        var page = await owner.Ledger.ListQuarantineAsync(0, 100, Cancel);
        Assert.Equal(1, Assert.Single(page.Items).Number);
        Assert.Equal(1, page.NextAfter);
    }

    [Fact]
    public async Task A_new_header_does_not_write_over_what_was_put_aside_under_the_old_one()
    {
        await using var damaged = await StartAsync();
        var first = await damaged.OpenAsync();
        await first.AcceptAsync([Message("old")], Cancel);
        var old = await damaged.DamageBacklogAsync(0, bytes => Flip(bytes, -1));
        Assert.Empty(await first.ReadBacklogAsync(0, 10, Cancel));
        await damaged.Database.KeyDeleteAsync([Key("header"), Key("state")]);

        var second = await damaged.OpenAsync();
        Assert.Equal(old, Assert.Single((await second.ListQuarantineAsync(0, 10, Cancel)).Items).Bytes);
        await second.AcceptAsync([Message("new")], Cancel);
        var @new = await damaged.DamageBacklogAsync(0, bytes => Flip(bytes, -1));
        Assert.Empty(await second.ReadBacklogAsync(0, 10, Cancel));
        Assert.Equal([old, @new], (await second.ListQuarantineAsync(0, 10, Cancel)).Items.Select(record => record.Bytes.ToArray()));
    }

    [Fact]
    public async Task What_the_store_has_in_it_does_not_confuse_the_list()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.SendAsync(1, Message("a"));
        await damaged.Database.HashSetAsync(Key("inflight"), "no\tpacket\nid", "?");
        await damaged.Database.HashSetAsync(Key("state"), 1, "an\x1b[31m\nevil\tstate");
        await owner.Ledger.RecoverAsync(owner.Epoch, Cancel);
        await damaged.Database.HashSetAsync(Key("quarantine"), "3", "not by this library");
        var records = (await owner.Ledger.ListQuarantineAsync(0, 10, Cancel)).Items;
        Assert.Equal([QuarantinePlace.Unknown, QuarantinePlace.InFlight, QuarantinePlace.InFlight], records.Select(record => record.Place).Order());
        Assert.Equal(["", "1", "no?packet?id"], records.Select(record => record.Field).Order(StringComparer.Ordinal));
        Assert.Contains(records, record => record.Reason == "The record has a state that cannot be read: 'an?[31m?evil?state' is not a state..");
        Assert.Equal("not by this library"u8.ToArray(), Assert.Single(records, record => record.Place == QuarantinePlace.Unknown).Bytes);
    }

    [Theory]
    [InlineData(BrokerSession.None, BrokerSession.None)]
    [InlineData(BrokerSession.Established, BrokerSession.Condemned)]
    [InlineData(BrokerSession.Condemned, BrokerSession.Condemned)]
    public async Task A_packet_id_that_the_broker_knows_condemns_its_session_for_every_later_owner(BrokerSession before, BrokerSession after)
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.SendAsync(1, Message("a"), Message("b"));
        await owner.CommitAsync(commit => commit with { Session = before });
        await damaged.DamageHashAsync("inflight", 2, bytes => Flip(bytes, -1));
        for (var i = 0; i < 3; i++)
        {
            await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
            owner = await damaged.OwnAsync();
            Assert.Equal(after, owner.Recovered.Session);
            Assert.Equal(1, Assert.Single(owner.Recovered.InFlight).PacketId.Value);
        }

        var kept = Assert.Single((await owner.Ledger.ListQuarantineAsync(0, 10, Cancel)).Items);
        Assert.Equal((QuarantinePlace.InFlight, "2"), (kept.Place, kept.Field));
    }

    [Theory]
    [InlineData("backlog", -1, LedgerStatus.Unknown)]
    [InlineData("in flight", -1, LedgerStatus.Unknown)]
    [InlineData("backlog", 21, LedgerStatus.Pending)] // Within the id itself: nobody knows whose it was, until it cannot be pending any more.
    [InlineData("in flight", 21, LedgerStatus.Pending)]
    public async Task An_id_of_the_applications_is_unknown_then_and_not_pending_for_ever(string place, int flipped, LedgerStatus atOnce)
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        LedgerRecord[] messages = [Message("a", "first"), Message("b", "second")];
        if (place == "backlog") await owner.Ledger.AcceptAsync(messages, Cancel);
        else await owner.SendAsync(1, messages);
        if (place == "backlog") await damaged.DamageBacklogAsync(1, bytes => Flip(bytes, flipped));
        else await damaged.DamageHashAsync("inflight", 2, bytes => Flip(bytes, flipped));
        await owner.Ledger.ReadBacklogAsync(0, 10, Cancel);
        await owner.Ledger.RecoverAsync(owner.Epoch, Cancel);
        Assert.Equal((LedgerStatus.Pending, atOnce), await StatusesAsync());
        if (atOnce == LedgerStatus.Unknown) Assert.Equal(AcceptStatus.Accepted, Assert.Single(await owner.Ledger.AcceptAsync([Message("again", "second")], Cancel)).Status);

        // The owner finishes all that there is, and says so with the next commit.
        var rest = await owner.Ledger.RecoverAsync(owner.Epoch, Cancel);
        var waiting = await owner.Ledger.ReadBacklogAsync(0, 10, Cancel);
        owner.Tail = rest.Tail;
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [.. rest.InFlight.Select(entry => LedgerOwner.Confirm(entry.Record, entry.PacketId.Value))],
            Drops = [.. waiting.Select(record => new DropOp(record.Sequence, record.MessageId, null))],
        });
        Assert.Equal(atOnce == LedgerStatus.Unknown ? LedgerStatus.Expired : LedgerStatus.Unknown, (await StatusesAsync()).Second);

        async Task<(LedgerStatus First, LedgerStatus Second)> StatusesAsync()
        {
            var answers = await owner.Ledger.FindAsync(["first", "second"], Cancel);
            return (answers[0].Status, answers[1].Status);
        }
    }

    [Fact]
    public async Task A_dead_letter_that_cannot_be_read_is_put_aside_and_its_id_may_be_used_again()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        var sent = await owner.SendAsync(1, Message("a", "alarm"), Message("b"));
        await owner.DeadLetterAsync(sent[0], 1);
        await owner.DeadLetterAsync(sent[1], 2);
        await damaged.DamageHashAsync("dead", "alarm", bytes => Flip(bytes, -1));
        await damaged.DamageHashAsync("dead", sent[1].MessageId.Value, bytes => Flip(bytes, -1));
        Assert.Empty((await owner.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items);
        Assert.Equal(["alarm", sent[1].MessageId.Value], (await owner.Ledger.ListQuarantineAsync(0, 10, Cancel)).Items.Select(record => record.Field));
        var answers = await owner.Ledger.FindAsync(["alarm", sent[1].MessageId], Cancel);
        Assert.All(answers, answer => Assert.Equal(LedgerStatus.Unknown, answer.Status));
        Assert.Equal(ReplayStatus.NotFound, (await owner.Ledger.ReplayAsync("alarm", Cancel)).Status);
        Assert.False(await owner.Ledger.PurgeAsync("alarm", Cancel));
        Assert.Equal(AcceptStatus.Accepted, Assert.Single(await owner.Ledger.AcceptAsync([Message("again", "alarm")], Cancel)).Status);
    }
}
