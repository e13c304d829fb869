using ReliableMqtt.IntegrationTests.Fixtures;
using StackExchange.Redis;

namespace ReliableMqtt.Torture.Processes;

/// <summary>
/// A primary, its replica, and an address that follows the promotion, as a virtual IP or a service does. The replica follows through a proxy, which can keep the primary's
/// writes from it.
/// </summary>
internal sealed class RedisFailover : IAsyncDisposable
{
    private const int MostLooks = 100;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private RedisServer _primary;
    private readonly CuttingProxy _address;
    private RedisServer? _replica;
    private CuttingProxy? _link;

    private RedisFailover(RedisServer primary) => (_primary, _address) = (primary, CuttingProxy.Start(primary.Port));

    /// <summary>For StackExchange.Redis: whoever is primary.</summary>
    public string Address => $"127.0.0.1:{_address.Port}";

    public static async Task<RedisFailover> StartAsync()
    {
        var pair = new RedisFailover(await RedisServer.StartAsync());
        try
        {
            await pair.AddReplicaAsync();
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the primary with SIGKILL when the replica has all that it had acknowledged, while calls are on their way.</summary>
    public async Task KillInSyncAsync()
    {
        await RedisPair.CatchUpAsync(_primary, _replica!);
        await _primary.KillAsync();
    }

    /// <summary>Lets the primary acknowledge for a time what never reaches the replica, and kills it with SIGKILL. How many sequences it had given out meanwhile.</summary>
    public async Task<long> KillBehindAsync(TimeSpan time, string publisherId, CancellationToken stop)
    {
        _link!.Set(Direction.ToClient, Flow.Discard);
        await Task.Delay(time, stop);
        // In a short time it may be that nobody has accepted anything: then there is nothing to lose yet.
        var (tail, copied) = (await TailAsync(_primary, publisherId), await TailAsync(_replica!, publisherId));
        for (var i = 0; tail <= copied && i < MostLooks; i++)
        {
            await Task.Delay(Look, stop);
            tail = await TailAsync(_primary, publisherId);
        }

        await _primary.KillAsync();
        return tail - await TailAsync(_replica!, publisherId);
    }

    /// <summary>Makes the replica the primary, and lets the address lead to it.</summary>
    public async Task PromoteAsync()
    {
        await using (var connection = await _replica!.ConnectAsync()) await connection.GetServer(_replica.Address).ExecuteAsync("REPLICAOF", "NO", "ONE");
        await _primary.DisposeAsync();
        await _link!.DisposeAsync();
        (_primary, _replica, _link) = (_replica, null, null);
        _address.TargetPort = _primary.Port;
        _address.Cut();
    }

    /// <summary>Gives the primary a replica, and waits until that follows.</summary>
    public async Task AddReplicaAsync()
    {
        _link = CuttingProxy.Start(_primary.Port);
        _replica = await RedisServer.StartAsync(new RedisSettings { ExtraLines = [$"replicaof 127.0.0.1 {_link.Port}", "repl-diskless-sync-delay 0"] });
        await Eventually.Async(async () =>
        {
            await using var connection = await _replica.ConnectAsync();
            return (await connection.GetServer(_replica.Address).InfoAsync("replication")).SelectMany(group => group).Any(line => line is { Key: "master_link_status", Value: "up" });
        }, "the replica follows");
    }

    public async ValueTask DisposeAsync()
    {
        await _address.DisposeAsync();
        if (_link is not null) await _link.DisposeAsync();
        if (_replica is not null) await _replica.DisposeAsync();
        await _primary.DisposeAsync();
    }

    private static async Task<long> TailAsync(RedisServer server, string publisherId)
    {
        await using var connection = await server.ConnectAsync();
        return (long)await connection.GetDatabase().HashGetAsync($"reliable-mqtt:{{{publisherId}}}:header", "tail", CommandFlags.PreferReplica);
    }
}
