using System.Globalization;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>redis-server, with an append-only file that is flushed as said.</summary>
internal sealed class RedisServer : LocalServer
{
    private const long TooLongLog = 256 << 20;

    private ConnectionMultiplexer? _admin;

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>A connection for what is no part of a measurement.</summary>
    public IDatabase Database => _admin!.GetDatabase();

    /// <param name="appendFsync">everysec or always.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<RedisServer> StartAsync(string appendFsync, CancellationToken cancellationToken)
    {
        var server = new RedisServer();
        // It writes its log anew when it is told to, between measurements: never in one.
        await server.StartAsync("redis-server",
            [
                "--port", $"{server.Port}", "--bind", "127.0.0.1", "--dir", server.Folder, "--save", "",
                "--appendonly", "yes", "--appendfsync", appendFsync, "--auto-aof-rewrite-percentage", "0",
            ], cancellationToken);
        server._admin = await ConnectionMultiplexer.ConnectAsync($"{server.Address},allowAdmin=true");
        return server;
    }

    /// <summary>All that the server counts.</summary>
    public async Task<Dictionary<string, string>> InfoAsync()
    {
        var text = (string?)await Database.ExecuteAsync("INFO", "all") ?? "";
        return text.Split("\r\n").Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    /// <summary>Writes the append-only file anew when it has grown by much: a disk has an end.</summary>
    public async Task TidyAsync(CancellationToken cancellationToken)
    {
        var info = await InfoAsync();
        if (Number(info, "aof_current_size") - Number(info, "aof_base_size") < TooLongLog) return;
        await Database.ExecuteAsync("BGREWRITEAOF");
        for (var attempt = 0; attempt < 1_200; attempt++)
        {
            info = await InfoAsync();
            if (Number(info, "aof_rewrite_in_progress") + Number(info, "aof_rewrite_scheduled") == 0) return;
            await Task.Delay(50, cancellationToken);
        }

        throw new TimeoutException("Redis does not come to an end with its append-only file.");
    }

    public override async ValueTask DisposeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        await base.DisposeAsync();
    }

    private static long Number(Dictionary<string, string> info, string name) => long.Parse(info[name], CultureInfo.InvariantCulture);
}
