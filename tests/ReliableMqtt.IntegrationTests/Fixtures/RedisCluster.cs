using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A cluster of three masters, which share the slots evenly; slots can be moved from one to another, step by step.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384, Masters = 3;

    private readonly List<RedisServer> _nodes = [];
    private readonly List<ConnectionMultiplexer> _connections = [];
    private readonly List<string> _ids = [];
    private readonly DocumentedUser? _user;

    private RedisCluster(DocumentedUser? user) => _user = user;

    /// <summary>All masters, for StackExchange.Redis.</summary>
    public string Address => string.Join(',', _nodes.Select(node => node.Address).Append(_user?.Login).Where(part => part is not null));

    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <param name="user">With one, the nodes know this user and an administrator, and nobody else.</param>
    public static async Task<RedisCluster> StartAsync(DocumentedUser? user = null)
    {
        var cluster = new RedisCluster(user);
        try
        {
            for (var i = 0; i < Masters; i++)
            {
                await cluster.AddNodeAsync();
                await cluster.ExecuteAsync(i, "CLUSTER", "SET-CONFIG-EPOCH", Text(i + 1));
                await cluster.ExecuteAsync(i, "CLUSTER", "ADDSLOTSRANGE", Text(Slots * i / Masters), Text((Slots * (i + 1) / Masters) - 1));
                if (i > 0) await cluster.ExecuteAsync(i, "CLUSTER", "MEET", "127.0.0.1", Text(cluster._nodes[0].Port), Text(cluster._nodes[0].BusPort));
            }

            await cluster.BecomesWholeAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until all nodes know each other and serve all slots: also after a restart, when a node says CLUSTERDOWN for some seconds.</summary>
    public async Task BecomesWholeAsync()
    {
        for (var i = 0; i < _nodes.Count; i++)
        {
            var node = i;
            await Eventually.Async(async () => await IsWholeAsync(node), "every node knows all of the cluster");
        }
    }

    /// <summary>Gives a master a replica; returns its index.</summary>
    public async Task<int> AddReplicaAsync(int master)
    {
        var replica = await AddNodeAsync();
        await ExecuteAsync(replica, "CLUSTER", "MEET", "127.0.0.1", Text(_nodes[master].Port), Text(_nodes[master].BusPort));
        await Eventually.Async(async () =>
        {
            for (var i = 0; i < _nodes.Count; i++)
                if (!await IsWholeAsync(i)) return false;
            return true;
        }, "every node knows the new one");
        await ExecuteAsync(replica, "CLUSTER", "REPLICATE", _ids[master]);
        await Eventually.Async(async () => ((string)(await ExecuteAsync(replica, "INFO", "replication"))!).Contains("master_link_status:up", StringComparison.Ordinal), "the replica follows");
        return replica;
    }

    /// <summary>Kills a master with SIGKILL at a moment when its replica has all that it had acknowledged.</summary>
    public async Task KillMasterAsync(int master, int replica)
    {
        await RedisPair.CatchUpAsync(_nodes[master], _nodes[replica]);
        await _nodes[master].KillAsync();
    }

    /// <summary>What the users of the nodes were refused.</summary>
    public async Task<HashSet<string>> RefusedAsync()
    {
        var all = new HashSet<string>();
        for (var i = 0; i < _nodes.Count; i++) all.UnionWith(DocumentedUser.Refused(await ExecuteAsync(i, "ACL", "LOG")));
        return all;
    }

    /// <summary>How often the nodes have answered with which error, since each of them started.</summary>
    public async Task<Dictionary<string, int>> ErrorsAsync()
    {
        var all = new Dictionary<string, int>();
        for (var i = 0; i < _nodes.Count; i++)
        {
            foreach (Match error in Regex.Matches((string)(await ExecuteAsync(i, "INFO", "errorstats"))!, @"errorstat_(\w+):count=(\d+)"))
                all[error.Groups[1].Value] = all.GetValueOrDefault(error.Groups[1].Value) + int.Parse(error.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        return all;
    }

    /// <summary>Which node has the key, by its index.</summary>
    public async Task<int> OwnerAsync(string key)
    {
        var slot = (int)await ExecuteAsync(0, "CLUSTER", "KEYSLOT", key);
        for (var i = 0; i < _nodes.Count; i++)
            if (((string)(await ExecuteAsync(i, "CLUSTER", "NODES"))!).Split('\n').Single(line => line.Contains("myself", StringComparison.Ordinal)) is { } self && Serves(self, slot)) return i;
        throw new InvalidOperationException($"Nobody serves slot {slot}.");
    }

    /// <summary>Moves the slot of a key to the next node while it is in use; <paramref name="afterKey"/> runs after each of its keys has moved.</summary>
    /// <returns>The index of the node that has it now.</returns>
    public async Task<int> MoveSlotAsync(string key, Func<Task>? afterKey = null)
    {
        var from = await OwnerAsync(key);
        var to = (from + 1) % Masters;
        var slot = Text((int)await ExecuteAsync(0, "CLUSTER", "KEYSLOT", key));
        await ExecuteAsync(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", _ids[from]);
        await ExecuteAsync(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", _ids[to]);
        while ((RedisKey[])(await ExecuteAsync(from, "CLUSTER", "GETKEYSINSLOT", slot, "1"))! is [var next])
        {
            await ExecuteAsync(from, "MIGRATE", ["127.0.0.1", Text(_nodes[to].Port), next, "0", "5000", .. _user is null ? Array.Empty<object>() : ["AUTH2", "admin", "admin"]]);
            if (afterKey is not null) await afterKey();
        }

        // The new owner first, so that nobody is sent to one who does not know of it; then the old one and the others.
        foreach (var node in new[] { to, from }.Concat(Enumerable.Range(0, Masters)).Distinct()) await ExecuteAsync(node, "CLUSTER", "SETSLOT", slot, "NODE", _ids[to]);
        return to;
    }

    /// <summary>A command for one node, whatever slot it is about.</summary>
    public Task<RedisResult> ExecuteAsync(int node, string command, params object[] arguments) =>
        _connections[node].GetServer(IPAddress.Loopback, _nodes[node].Port).ExecuteAsync(command, arguments);

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) await connection.DisposeAsync();
        foreach (var node in _nodes) await node.DisposeAsync();
    }

    private async Task<int> AddNodeAsync()
    {
        var settings = new RedisSettings { IsClusterNode = true };
        var node = await RedisServer.StartAsync(_user is null ? settings : settings with { ExtraLines = _user.ServerLines, Login = DocumentedUser.AdminLogin });
        _nodes.Add(node);
        _connections.Add(await node.ConnectAsync());
        _ids.Add((string)(await ExecuteAsync(_nodes.Count - 1, "CLUSTER", "MYID"))!);
        return _nodes.Count - 1;
    }

    private async Task<bool> IsWholeAsync(int node)
    {
        string info;
        try
        {
            info = (string)(await ExecuteAsync(node, "CLUSTER", "INFO"))!;
        }
        catch (RedisException)
        {
            return false;
        }

        return new[] { "cluster_state:ok", $"cluster_known_nodes:{_nodes.Count}", $"cluster_slots_ok:{Slots}" }.All(line => info.Contains(line, StringComparison.Ordinal));
    }

    // … connected 0-5460 5462 [5461->-id]
    private static bool Serves(string line, int slot) => line.Split(' ').Skip(8).Where(part => !part.StartsWith('['))
        .Select(part => part.Split('-').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray()).Any(range => slot >= range[0] && slot <= range[^1]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
