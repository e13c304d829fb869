using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A primary and its replica.</summary>
internal sealed class RedisPair : IAsyncDisposable
{
    private readonly RedisServer _primary;
    private readonly RedisServer _replica;

    private RedisPair(RedisServer primary, RedisServer replica) => (_primary, _replica) = (primary, replica);

    /// <summary>Both, for StackExchange.Redis.</summary>
    public string Address => $"{_primary.Address},{_replica.Address}";

    public RedisServer Primary => _primary;

    public static async Task<RedisPair> StartAsync()
    {
        var primary = await RedisServer.StartAsync();
        try
        {
            var pair = new RedisPair(primary, await RedisServer.StartAsync(new RedisSettings { ExtraLines = [$"replicaof 127.0.0.1 {primary.Port}", "repl-diskless-sync-delay 0"] }));
            await Eventually.Async(async () => (await InfoAsync(pair._replica))["master_link_status"] == "up", "the replica follows");
            return pair;
        }
        catch
        {
            await primary.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the primary with SIGKILL at a moment when the replica has all that it had acknowledged.</summary>
    public async Task KillPrimaryAsync()
    {
        await CatchUpAsync(_primary, _replica);
        await _primary.KillAsync();
    }

    /// <summary>Lets the primary take no more writes, and waits until the replica has all of them.</summary>
    public static async Task CatchUpAsync(RedisServer primary, RedisServer replica)
    {
        await using (var connection = await primary.ConnectAsync()) await connection.GetServer(primary.Address).ExecuteAsync("CLIENT", "PAUSE", "20000", "WRITE");
        await Eventually.Async(async () => (await InfoAsync(primary))["master_repl_offset"] == (await InfoAsync(replica))["master_repl_offset"], "the replica has all");
    }

    public async Task PromoteAsync()
    {
        await using var connection = await _replica.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
    }

    public async ValueTask DisposeAsync()
    {
        await _replica.DisposeAsync();
        await _primary.DisposeAsync();
    }

    private static async Task<Dictionary<string, string>> InfoAsync(RedisServer server)
    {
        await using var connection = await server.ConnectAsync();
        return (await connection.GetServer(server.Address).InfoAsync("replication")).SelectMany(group => group).ToDictionary();
    }
}
