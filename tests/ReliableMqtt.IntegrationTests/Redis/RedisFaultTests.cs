using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// What Redis can do to a publisher: nothing is lost, nothing comes twice, nobody is told what is not true, and it goes on by itself.
public sealed class RedisFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Key(string name) => $"reliable-mqtt:{{{Rig.PublisherId}}}:{name}";

    private static async Task PublishThroughAsync(Func<RedisServer, IDatabase, Task> harm, RedisSettings? settings = null)
    {
        await using var redis = await RedisServer.StartAsync(settings);
        await using var connection = await redis.ConnectAsync();
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(redis.Address), () => harm(redis, connection.GetDatabase()));
    }

    [Fact]
    public Task Redis_is_killed_three_times() => PublishThroughAsync(async (redis, _) =>
    {
        for (var i = 0; i < 3; i++)
        {
            await redis.RestartAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(500), Cancel);
        }
    });

    [Fact]
    public Task Redis_is_gone_for_longer_than_a_call_is_repeated() => PublishThroughAsync(async (redis, _) =>
    {
        await redis.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(4), Cancel);
        await redis.StartAgainAsync();
    });

    [Fact]
    public Task Redis_is_frozen_for_longer_than_a_call_waits() => PublishThroughAsync(async (redis, _) =>
    {
        redis.Stop();
        await Task.Delay(TimeSpan.FromSeconds(4), Cancel);
        redis.Continue();
    });

    [Fact]
    public Task Redis_takes_long_to_load() => PublishThroughAsync(async (redis, database) =>
    {
        // Each of these takes its time when it is loaded.
        for (var i = 0; i < 1_000; i++) await database.StringSetAsync($"filler-{i}", i);
        await redis.KillAsync();
        var start = redis.StartAgainAsync();
        await start;
    }, new RedisSettings { ExtraLines = ["key-load-delay 2000", "loading-process-events-interval-bytes 1024"] });

    [Fact]
    public Task Redis_is_read_only_for_a_time() => PublishThroughAsync(async (_, database) =>
    {
        // A replica of nobody keeps its data and takes no writes; afterwards it is promoted, which begins another life of the server.
        await database.ExecuteAsync("REPLICAOF", "127.0.0.1", "1");
        await Task.Delay(TimeSpan.FromSeconds(3), Cancel);
        await database.ExecuteAsync("REPLICAOF", "NO", "ONE");
    });

    [Fact]
    public Task Redis_has_no_memory_for_a_time() => PublishThroughAsync(async (_, database) =>
    {
        await database.ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await Task.Delay(TimeSpan.FromSeconds(3), Cancel);
        await database.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
    });

    [Fact]
    public Task The_script_cache_is_flushed_again_and_again() => PublishThroughAsync(async (_, database) =>
    {
        for (var i = 0; i < 50; i++) await database.ExecuteAsync("SCRIPT", "FLUSH");
    });

    [Fact]
    public Task The_connections_are_cut_again_and_again() => PublishThroughAsync(async (_, database) =>
    {
        for (var i = 0; i < 10; i++)
        {
            await database.ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancel);
        }
    });

    [Theory]
    [InlineData("backlog")]
    [InlineData("inflight")]
    [InlineData("state")]
    [InlineData("ids")]
    [InlineData("dead-order")]
    [InlineData("ended")]
    public async Task A_key_of_the_wrong_kind_stops_and_changes_nothing_until_it_is_put_right(string name)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        var database = connection.GetDatabase();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var pending = await publisher.Enqueue("kept", options: new PublishOptions { MessageId = "kept" });
        if (await database.KeyExistsAsync(Key(name))) await database.KeyRenameAsync(Key(name), "aside");
        await database.StringSetAsync(Key(name), "not what it should be");
        var before = await database.HashGetAllAsync(Key("header"));

        var stuck = publisher.Enqueue("stuck", options: new PublishOptions { MessageId = "stuck" });
        await Eventually.Async(() => rig.LogEntries.Any(entry => entry.Id == 3001 && entry.Text.Contains("WRONGTYPE", StringComparison.Ordinal)), "the error is logged");
        Assert.False(stuck.IsCompleted);
        Assert.Equal(before.OrderBy(field => field.Name), (await database.HashGetAllAsync(Key("header"))).OrderBy(field => field.Name));

        await database.KeyDeleteAsync(Key(name));
        if (await database.KeyExistsAsync("aside")) await database.KeyRenameAsync("aside", Key(name));
        rig.Proxy.Refuses = false;
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await (await stuck).Confirm()).Outcome);
        Assert.Equal(["kept", "stuck"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task While_Redis_is_down_a_call_ends_at_its_timeout_and_says_what_is_true()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish("before");
        await publisher.FlushAsync(Cancel);
        await redis.KillAsync();
        var error = await Assert.ThrowsAnyAsync<ReliablePublishException>(
            () => publisher.Publish("m", options: new PublishOptions { MessageId = "m", ConfirmTimeout = TimeSpan.FromSeconds(1) }));
        Assert.Equal(PublishFailure.LedgerUnavailable, error.Reason);
        Assert.True(error.Receipt.Outcome is PublishOutcome.Unknown or PublishOutcome.NotAccepted, error.Message);

        await redis.StartAgainAsync();
        if (error.Receipt.Outcome == PublishOutcome.NotAccepted) Assert.Equal(PublishOutcome.Unknown, (await publisher.Receipt("m")).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish(PublisherCalls.WithId("m", "m"))).Outcome);
        Assert.Equal(["before", "m"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task An_acquisition_whose_answer_was_lost_does_not_stand_in_its_own_way()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var ledger = new RedisAckLedger(redis.Address);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = Rig.PublisherId, LeaseDuration = TimeSpan.FromMinutes(5) }, Cancel);
        redis.Stop();
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.AcquireAsync(Cancel)); // It is carried out when the server goes on.
        redis.Continue();
        LeaseGrant? grant = null;
        await Eventually.Async(async () =>
        {
            try
            {
                return (grant = await ledger.AcquireAsync(Cancel)) is not null;
            }
            catch (LedgerUnavailableException)
            {
                return false;
            }
        }, "Redis answers");
        Assert.NotNull(grant!.Epoch);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("2")]
    public async Task Another_schema_is_refused_and_left_alone(string schema)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        await connection.GetDatabase().HashSetAsync(Key("header"), "schema", schema);
        await using var ledger = new RedisAckLedger(redis.Address);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = Rig.PublisherId }, Cancel));
        Assert.Contains($"schema {schema}", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, await connection.GetDatabase().HashLengthAsync(Key("header")));
    }

    [Fact]
    public async Task Messages_without_a_header_are_refused_and_left_alone()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        await connection.GetDatabase().ListRightPushAsync(Key("backlog"), "x");
        await using var ledger = new RedisAckLedger(redis.Address);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = Rig.PublisherId }, Cancel));
        Assert.Contains("header", error.Message, StringComparison.Ordinal);
    }
}
