using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using StackExchange.Redis;
using static ReliableMqtt.IntegrationTests.Redis.DamagedLedger;

namespace ReliableMqtt.IntegrationTests.Redis;

// What only a ledger in Redis can show to people who look: damage, a great backlog, and that nothing at all is written.
public sealed class RedisInspectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Looking_at_a_missing_ledger_leaves_no_key()
    {
        await using var damaged = await StartAsync();
        await Assert.ThrowsAsync<LedgerNotFoundException>(() => damaged.OpenAsync(createIfMissing: false));
        Assert.Equal(0, (long)await damaged.Database.ExecuteAsync("DBSIZE"));
    }

    [Fact]
    public async Task Looking_writes_nothing_and_a_ledger_without_a_header_is_told_from_none()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.SendAsync(1, Message("a"), Message("b"));
        await owner.Ledger.AcceptAsync([Message("c")], Cancel);
        await damaged.DamageBacklogAsync(0, bytes => Flip(bytes, -1));
        await damaged.DamageHashAsync("inflight", 1, bytes => Flip(bytes, -1));
        var before = await ChangesAsync(damaged);

        var looking = await damaged.OpenAsync(createIfMissing: false);
        Assert.Equal(3, (await looking.ListPendingAsync(0, 10, Cancel)).Items.Count);
        await looking.GetOverviewAsync(Cancel);
        await looking.GetStatisticsAsync(Cancel);
        await looking.ListQuarantineAsync(0, 10, Cancel);
        await looking.FindAsync(["x"], Cancel);
        Assert.Equal(before, await ChangesAsync(damaged));

        await damaged.Database.KeyDeleteAsync(Key("header"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => damaged.OpenAsync(createIfMissing: false));
        await Assert.ThrowsAsync<LedgerNotFoundException>(async () => await looking.GetOverviewAsync(Cancel));
        Assert.Equal(before + 1, await ChangesAsync(damaged));
    }

    [Fact]
    public async Task A_ledger_that_has_not_counted_begins_with_what_is_there_and_looking_does_not_make_it()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.SendAsync(1, Message("a"), Message("b"));
        await owner.Ledger.AcceptAsync([Message("c")], Cancel);
        await damaged.Database.HashDeleteAsync(Key("header"), ["accepted", "confirmed"]);
        var before = await ChangesAsync(damaged);
        await damaged.OpenAsync(createIfMissing: false);
        Assert.Equal(before, await ChangesAsync(damaged));
        var ledger = await damaged.OpenAsync();
        Assert.Equal(new LedgerTotals(3, 0, 0, 0, 0), (await ledger.GetStatisticsAsync(Cancel)).Totals);
    }

    [Fact]
    public async Task What_was_put_aside_is_counted_so()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.Ledger.AcceptAsync([Message("a"), Message("b"), Message("c")], Cancel);
        await damaged.DamageBacklogAsync(1, bytes => Flip(bytes, -1));
        Assert.Equal(2, (await owner.Ledger.ReadBacklogAsync(0, 10, Cancel)).Count);
        await owner.Ledger.ReadBacklogAsync(0, 10, Cancel);
        var counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((new LedgerTotals(3, 0, 0, 0, 1), 2L), (counts.Totals, counts.Backlog));
    }

    [Fact]
    public async Task What_cannot_be_read_is_listed_where_it_stands_with_its_problem()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.SendAsync(1, Message("f1"), Message("f2"), Message("f3"));
        await owner.Ledger.AcceptAsync([.. Enumerable.Range(1, 5).Select(i => Message($"w{i}"))], Cancel);
        await damaged.DamageHashAsync("inflight", 1, bytes => Flip(bytes, -1));
        await damaged.DamageHashAsync("inflight", 3, _ => "?"u8.ToArray());
        await damaged.Database.HashSetAsync(Key("state"), 2, "nonsense");
        await damaged.DamageBacklogAsync(0, _ => "?"u8.ToArray());
        await damaged.DamageBacklogAsync(2, bytes => Flip(bytes, 2));
        await damaged.DamageBacklogAsync(3, bytes => bytes[..^1]);

        var looking = await damaged.OpenAsync(createIfMissing: false);
        foreach (var size in new[] { 1, 2, 3, 5, 100 })
        {
            var all = new List<PendingEntry>();
            for (long? after = 0; after is { } from;)
            {
                var page = await looking.ListPendingAsync(from, size, Cancel);
                all.AddRange(page.Items);
                after = page.NextAfter;
            }

            // The one in flight without a sequence comes first.
            Assert.Equal([3, 1, 2, null, null, null, null, null], all.Select(entry => (int?)entry.PacketId?.Value));
            string?[] payloads = [.. all.Select(entry => entry.Record is { } record ? System.Text.Encoding.UTF8.GetString(record.Payload.Span) : null)];
            Assert.Equal([null, null, null, null, "w2", null, null, "w5"], payloads);
            string?[] problems = ["shorter than any record", "checksum", "a state that cannot be read", "shorter than any record", null, "a damaged sequence", "says that it is", null];
            Assert.All(all.Zip(problems), pair => Assert.True(pair.Second is null ? pair.First.Problem is null : pair.First.Problem!.Contains(pair.Second, StringComparison.Ordinal), pair.First.Problem));
        }
    }

    [Fact]
    public async Task A_page_of_a_great_backlog_is_quick_and_small_wherever_it_stands()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        await owner.Ledger.AcceptAsync([Message("first")], Cancel);
        const int count = 300_000;
        var bytes = RecordCodec.Encode(Message(new string('x', 50)) with { Sequence = 1 });
        var batch = new RedisValue[10_000];
        for (var done = 0; done < count; done += batch.Length)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                var copy = bytes.ToArray();
                StampedSequence.Write(copy.AsSpan(1), done + i + 2);
                batch[i] = copy;
            }

            await damaged.Database.ListRightPushAsync(Key("backlog"), batch);
        }

        await damaged.Database.HashSetAsync(Key("header"), "tail", count + 1);
        var looking = await damaged.OpenAsync(createIfMissing: false);
        await damaged.Database.ExecuteAsync("CONFIG", "RESETSTAT");
        foreach (var after in new[] { 0, 7, count / 2, count - 20 })
        {
            var page = await looking.ListPendingAsync(after, 50, Cancel);
            Assert.Equal(Enumerable.Range(after + 1, Math.Min(50, count + 1 - after)), page.Items.Select(entry => (int)entry.Record!.Sequence));
        }

        var commands = (await damaged.Connection.GetServers()[0].InfoAsync("commandstats")).SelectMany(group => group)
            .Where(line => line.Key is "cmdstat_lindex" or "cmdstat_lrange").Sum(line => int.Parse(line.Value.Split('=', ',')[1], CultureInfo.InvariantCulture));
        Assert.InRange(commands, 1, 30);
    }

    [Fact]
    public async Task Gaps_between_sequences_do_not_confuse_the_place_where_a_page_begins()
    {
        await using var damaged = await StartAsync();
        var owner = await damaged.OwnAsync();
        var sequences = new List<long>();
        var random = new Random(1);
        for (var i = 0; i < 400; i++) sequences.Add((sequences.Count == 0 ? 0 : sequences[^1]) + (random.Next(20) == 0 ? random.Next(1, 1 << 20) : 1));
        await damaged.Database.ListRightPushAsync(Key("backlog"), [.. sequences.Select(s => (RedisValue)(random.Next(30) == 0 ? "?"u8.ToArray() : RecordCodec.Encode(Message("m") with { Sequence = s })))]);
        await damaged.Database.HashSetAsync(Key("header"), "tail", sequences[^1]);
        var readable = (await damaged.Database.ListRangeAsync(Key("backlog"))).Where(bytes => bytes.Length() > 1)
            .Select(bytes => RecordCodec.GuessSequence((byte[])bytes!)).ToList();
        foreach (var after in readable.Concat(sequences.Select(s => s + 1)))
        {
            var page = await owner.Ledger.ListPendingAsync(after, 3, Cancel);
            var listed = page.Items.Where(entry => entry.Record is not null).Select(entry => entry.Record!.Sequence).ToList();
            Assert.Equal(readable.Where(s => s > after).Take(listed.Count), listed);
            Assert.Equal(page.NextAfter ?? Math.Max(readable[^1], after), listed.Append(after).Max());
        }
    }

    [Fact]
    public async Task The_owner_is_named_and_after_a_restart_of_redis_it_goes_first()
    {
        await using var server = await RedisServer.StartAsync();
        var options = new LedgerOpenOptions { PublisherId = "p", LeaseDuration = TimeSpan.FromSeconds(30) };
        await using var ledger = new RedisAckLedger($"redis://{server.Address}");
        await ledger.OpenAsync(options, Cancel);
        await ledger.AcquireAsync(Cancel);
        await using var looking = new RedisAckLedger(server.Address);
        await looking.OpenAsync(options with { CreateIfMissing = false }, Cancel);
        Assert.Equal($"process {Environment.ProcessId} on {Environment.MachineName}", (await looking.GetOverviewAsync(Cancel)).Owner);

        await server.RestartAsync();
        await using (var connection = await server.ConnectAsync()) await connection.GetDatabase().StringSetAsync("reliable-mqtt:{p}:lease", "grace", TimeSpan.FromSeconds(9));
        await Eventually.Async(async () =>
        {
            try
            {
                return await looking.GetOverviewAsync(Cancel) is { Lease: LeaseState.Grace, Owner.Length: > 0, LeaseRemaining.TotalSeconds: > 0 and <= 9 };
            }
            catch (LedgerUnavailableException)
            {
                return false;
            }
        }, "the overview tells of the grace");
    }

    // Every write of any kind counts.
    private static async Task<long> ChangesAsync(DamagedLedger damaged) => long.Parse(
        (await damaged.Connection.GetServers()[0].InfoAsync("persistence")).SelectMany(group => group).Single(line => line.Key == "rdb_changes_since_last_save").Value, CultureInfo.InvariantCulture);
}
