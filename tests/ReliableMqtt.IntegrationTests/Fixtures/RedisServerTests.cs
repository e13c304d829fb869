using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class RedisServerTests
{
    [Fact]
    public async Task What_it_has_answered_survives_a_kill_on_the_same_port()
    {
        await using var server = await RedisServer.StartAsync();
        var port = server.Port;
        await using var redis = await server.ConnectAsync();
        await redis.GetDatabase().StringSetAsync("k", "v");
        var life = await LifeAsync(redis);

        await server.KillAsync();
        await Assert.ThrowsAnyAsync<RedisException>(() => ConnectionMultiplexer.ConnectAsync($"{server.Address},connectTimeout=500,connectRetry=1"));

        await server.StartAgainAsync();
        Assert.Equal(port, server.Port);
        await using var again = await server.ConnectAsync();
        Assert.Equal("v", (string?)await again.GetDatabase().StringGetAsync("k"));
        Assert.NotEqual(life, await LifeAsync(again));
    }

    [Fact]
    public async Task Half_a_write_at_the_end_of_its_file_costs_nothing_that_was_answered()
    {
        await using var server = await RedisServer.StartAsync();
        await using (var redis = await server.ConnectAsync()) await redis.GetDatabase().StringSetAsync("k", "v");
        await server.TerminateAsync();
        await server.TearAsync("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nwo"u8.ToArray());
        await server.StartAgainAsync();
        await using var again = await server.ConnectAsync();
        Assert.Equal("v", (string?)await again.GetDatabase().StringGetAsync("k"));
    }

    [Fact]
    public async Task Without_a_file_a_kill_loses_everything()
    {
        await using var server = await RedisServer.StartAsync(new RedisSettings { AppendOnly = false });
        await using (var redis = await server.ConnectAsync()) await redis.GetDatabase().StringSetAsync("k", "v");
        await server.RestartAsync();
        await using var again = await server.ConnectAsync();
        Assert.False(await again.GetDatabase().KeyExistsAsync("k"));
    }

    [Fact]
    public async Task While_it_is_stopped_no_answer_comes_and_then_it_does()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        server.Stop();
        var set = redis.GetDatabase().ExecuteAsync("SET", "k", "v");
        await Assert.ThrowsAsync<TimeoutException>(() => set.WaitAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));
        server.Continue();
        await Eventually.Async(async () =>
        {
            await using var other = await server.ConnectAsync();
            return await other.GetDatabase().StringGetAsync("k") == "v";
        }, "the command that waited is carried out");
    }

    [Fact]
    public async Task A_stopped_server_can_be_killed()
    {
        await using var server = await RedisServer.StartAsync();
        server.Stop();
        await server.RestartAsync();
        await using var redis = await server.ConnectAsync();
        await redis.GetDatabase().PingAsync();
    }

    [Fact]
    public async Task Its_settings_reach_it_and_a_bad_line_is_told()
    {
        await using var server = await RedisServer.StartAsync(new RedisSettings { AppendFsync = "everysec", MaxMemory = "8mb", ExtraLines = ["databases 3"] });
        await using var redis = await server.ConnectAsync();
        var config = (await redis.GetServers()[0].ConfigGetAsync()).ToDictionary();
        Assert.Equal(("yes", "everysec", "8388608", "3"), (config["appendonly"], config["appendfsync"], config["maxmemory"], config["databases"]));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => RedisServer.StartAsync(new RedisSettings { ExtraLines = ["nonsense 1"] }));
        Assert.Contains("redis-server does not start", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_users_starts_too()
    {
        await using var server = await RedisServer.StartAsync(new RedisSettings { ExtraLines = ["user default off", "user only on >secret ~* &* +@all"] });
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{server.Address},user=only,password=secret");
        await redis.GetDatabase().PingAsync();
    }

    private static async Task<string> LifeAsync(ConnectionMultiplexer redis) =>
        (await redis.GetServers()[0].InfoAsync("server")).SelectMany(group => group).Single(pair => pair.Key == "run_id").Value;
}
