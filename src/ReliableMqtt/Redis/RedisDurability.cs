using System.Globalization;
using ReliableMqtt.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>Asks the server what survives its death: <c>INFO</c>, <c>CONFIG GET</c> and <c>ACL DRYRUN</c>.</summary>
internal static class RedisDurability
{
    /// <summary>One of each kind that scripts do, with its arguments but for the key.</summary>
    private static readonly string[][] Writes = [["HSET", "f", "v"], ["HDEL", "f"], ["RPUSH", "v"], ["LTRIM", "0", "1"], ["ZADD", "1", "v"], ["SET", "v"], ["UNLINK"]];

    /// <exception cref="RedisException">There is no answer now.</exception>
    /// <exception cref="TimeoutException">There is no answer now.</exception>
    public static async Task<LedgerDurability> ReadAsync(IDatabase database, RedisKey key) => (await ReadFactsAsync(database, key).ConfigureAwait(false)).Judge();

    /// <summary>The settings by themselves, for whoever judges them one by one.</summary>
    /// <exception cref="RedisException">There is no answer now.</exception>
    /// <exception cref="TimeoutException">There is no answer now.</exception>
    public static async Task<RedisFacts> ReadFactsAsync(IDatabase database, RedisKey key)
    {
        var info = await InfoAsync(database, key).ConfigureAwait(false);
        return new RedisFacts
        {
            Kind = Kind(info),
            Version = info.GetValueOrDefault("valkey_version") ?? info.GetValueOrDefault("garnet_version") ?? info.GetValueOrDefault("redis_version") ?? "of unknown version",
            Role = info.GetValueOrDefault("role"),
            Mode = info.GetValueOrDefault("server_mode") ?? info.GetValueOrDefault("redis_mode"),
            Replicas = int.TryParse(info.GetValueOrDefault("connected_slaves"), CultureInfo.InvariantCulture, out var replicas) ? replicas : 0,
            AppendOnly = await ConfigAsync(database, key, "appendonly").ConfigureAwait(false),
            AppendFsync = await ConfigAsync(database, key, "appendfsync").ConfigureAwait(false),
            Save = await ConfigAsync(database, key, "save").ConfigureAwait(false),
            MaxMemory = await ConfigAsync(database, key, "maxmemory").ConfigureAwait(false),
            MaxMemoryPolicy = await ConfigAsync(database, key, "maxmemory-policy").ConfigureAwait(false),
            DefaultUserMayWrite = await MayDefaultUserWriteAsync(database, key, info).ConfigureAwait(false),
        };
    }

    private static string Kind(Dictionary<string, string> info) =>
        info.GetValueOrDefault("server_name") is { Length: > 0 } name ? name
        : info.ContainsKey("garnet_version") ? "garnet"
        : info.ContainsKey("dragonfly_version") ? "dragonfly"
        : "redis";

    private static async Task<Dictionary<string, string>> InfoAsync(IDatabase database, RedisKey key)
    {
        var all = await SectionAsync(database, key, "server").ConfigureAwait(false);
        foreach (var (name, value) in await SectionAsync(database, key, "replication").ConfigureAwait(false)) all[name] = value;
        return all;
    }

    /// <summary>What the server says of itself in one section of <c>INFO</c>.</summary>
    public static async Task<Dictionary<string, string>> SectionAsync(IDatabase database, RedisKey key, string section)
    {
        var all = new Dictionary<string, string>();
        foreach (var line in (await InfoAsync(database, key, section).ConfigureAwait(false)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
            if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon) all[line[..colon]] = line[(colon + 1)..];
        return all;
    }

    private static async Task<string> InfoAsync(IDatabase database, RedisKey key, string section)
    {
        try
        {
            return (string?)await Server(database, key).ExecuteAsync("INFO", section).ConfigureAwait(false) ?? "";
        }
        catch (RedisCommandException)
        {
            // A connection of the application's, where it is an administrator's command. A script may ask.
            return (string?)await database.ScriptEvaluateAsync("return redis.call('INFO', ARGV[1])", [key], [section]).ConfigureAwait(false) ?? "";
        }
    }

    /// <summary>One setting; null when the server does not say.</summary>
    public static async Task<string?> ConfigAsync(IDatabase database, RedisKey key, string name) =>
        (RedisValue[]?)await TryAsync(() => Server(database, key).ExecuteAsync("CONFIG", "GET", name)).ConfigureAwait(false) is { Length: 2 } pair ? (string?)pair[1] : null;

    // Since 7.0 a server runs the transactions of its append-only file, and so what scripts have written, as the user 'default', also when that user is off.
    private static async Task<bool?> MayDefaultUserWriteAsync(IDatabase database, RedisKey key, Dictionary<string, string> info)
    {
        if (Version.TryParse(info.GetValueOrDefault("redis_version"), out var version) && version.Major < 7) return true;
        foreach (var write in Writes)
        {
            if (await TryAsync(() => database.ExecuteAsync("ACL", ["DRYRUN", "default", write[0], key, .. write[1..]])).ConfigureAwait(false) is not { } answer)
                return (string?)await TryAsync(() => database.ExecuteAsync("ACL", "WHOAMI")).ConfigureAwait(false) == "default" ? true : null;
            if ((string?)answer != "OK") return false;
        }

        return true;
    }

    /// <summary>Null when the server does not answer such a question.</summary>
    private static async Task<RedisResult?> TryAsync(Func<Task<RedisResult>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (RedisServerException)
        {
            // Forbidden (NOPERM), renamed, or not known to this kind of server.
            return null;
        }
        catch (RedisCommandException)
        {
            // Forbidden by the configuration of the connection.
            return null;
        }
    }

    // In a cluster: the one that has the ledger.
    private static IServer Server(IDatabase database, RedisKey key)
    {
        var endpoint = database.IdentifyEndpoint(key) ?? database.Multiplexer.GetEndPoints()[0];
        return database.Multiplexer.GetServer(endpoint);
    }
}
