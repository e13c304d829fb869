using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// What a publisher does with Redis at its start.
public sealed class RedisStartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_says_in_one_line_how_durable_the_server_is()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        await rig.StartPublisherAsync(options => options with { RequireDurableLedger = true });
        var line = Assert.Single(rig.LogEntries, entry => entry.Id == 3008).Text;
        Assert.Contains("redis, Durable", line, StringComparison.Ordinal);
        Assert.Contains("appendfsync always", line, StringComparison.Ordinal);
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id == 3002);
    }

    [Fact]
    public async Task A_server_that_may_lose_its_last_second_gets_a_warning_or_is_refused()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "everysec" });
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        await rig.StartPublisherAsync();
        Assert.Contains("last second", Assert.Single(rig.LogEntries, entry => entry.Id == 3002).Text, StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => rig.StartPublisherAsync(options => options with { RequireDurableLedger = true }));
        Assert.Contains("last second", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_of_the_applications_needs_no_right_to_administrate()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.Address);
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(connection));
        var publisher = await rig.StartPublisherAsync();
        Assert.Contains("allowAdmin=true", Assert.Single(rig.LogEntries, entry => entry.Id == 3002).Text, StringComparison.Ordinal);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
    }

    [Fact]
    public async Task Without_a_server_it_fails_or_waits_as_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        await Assert.ThrowsAsync<Ledger.LedgerUnavailableException>(() => rig.StartPublisherAsync());

        var starting = rig.StartPublisherAsync(options => options with { LedgerStartTimeout = TimeSpan.FromSeconds(60) });
        await redis.StartAgainAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await (await starting).Publish("m")).Outcome);
    }

    [Fact]
    public async Task A_cold_start_does_not_read_the_backlog_and_memory_holds_a_bounded_part_of_it()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "no" });
        await using var connection = await redis.ConnectAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        rig.Proxy.Refuses = true;
        var dying = await rig.StartPublisherAsync();
        const int count = 20_000;
        await dying.EnqueueBatchAsync([.. Enumerable.Range(0, count).Select(i => PublisherCalls.Message(i.ToString(CultureInfo.InvariantCulture), 1))], Cancel);
        await rig.CrashAsync(dying);
        rig.Proxy.Refuses = true;
        await connection.GetDatabase().ExecuteAsync("CONFIG", "RESETSTAT");
        var next = await rig.StartPublisherAsync();
        await next.StatusIsAsync(status => status is { IsOwner: true, Pending: count });

        var sent = (await connection.GetServers()[0].InfoAsync("stats")).SelectMany(group => group).First(line => line.Key == "total_net_output_bytes").Value;
        Assert.InRange(long.Parse(sent, CultureInfo.InvariantCulture), 0, 600_000); // All of it would be some two million.
        rig.Proxy.Refuses = false;
        await next.FlushAsync(Cancel);
        Assert.Equal(count, (await rig.DeliveriesAsync()).Count);
    }
}
