using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>A right of the access list in <c>docs/redis.md</c>.</summary>
/// <param name="Name">As an access list has it, without the plus: <c>hset</c>, <c>config|get</c>.</param>
/// <param name="Arguments">A call that is well formed; <c>KEY</c> and <c>CHANNEL</c> are the publisher id's own.</param>
/// <param name="Without">What becomes of it without this right, when it goes on; null when it does not.</param>
internal sealed record RedisRight(string Name, string Arguments, string? Without = null);

/// <summary>What may be done with a publisher id's ledger, as the server tells by <c>ACL DRYRUN</c>, which runs nothing.</summary>
internal static class RedisRights
{
    private const string Lua = "a script that the server does not know cannot be brought there in this way";

    /// <summary>The list of <c>docs/redis.md</c>; a test holds the two together.</summary>
    public static IReadOnlyList<RedisRight> Needed { get; } =
    [
        new("evalsha", "sha 1 KEY"), new("eval", "script 1 KEY", Lua), new("script|load", "script", Lua), new("select", "0", "only database 0 can be used"), new("info", "server"),
        new("time", ""), new("echo", "text"), new("ping", "", "an idle connection may be dropped"), new("subscribe", "CHANNEL", "others' work is noticed only at the next look"),
        new("publish", "CHANNEL text"), new("exists", "KEY"), new("del", "KEY"), new("unlink", "KEY"), new("pttl", "KEY"), new("pexpire", "KEY 1"), new("get", "KEY"), new("set", "KEY v"),
        new("hget", "KEY f"), new("hset", "KEY f v"), new("hdel", "KEY f"), new("hlen", "KEY"), new("hmget", "KEY f"), new("hgetall", "KEY"), new("hincrby", "KEY f 1"), new("hvals", "KEY"),
        new("hstrlen", "KEY f", "each confirm of a large message reads it"),
        new("llen", "KEY"), new("lindex", "KEY 0"), new("lpush", "KEY v"), new("lrange", "KEY 0 1"), new("lrem", "KEY 1 v"), new("ltrim", "KEY 0 1"), new("rpush", "KEY v"),
        new("zadd", "KEY 1 v"), new("zcard", "KEY"), new("zrange", "KEY 0 1"), new("zrangebyscore", "KEY 0 1"), new("zrem", "KEY v"), new("zremrangebyrank", "KEY 0 1"), new("zscore", "KEY v"),
        new("config|get", "appendonly", "what survives a restart of Redis cannot be told"), new("acl|dryrun", "default get KEY", "what survives a restart of Redis cannot be told"),
    ];

    /// <summary>What a cluster needs besides.</summary>
    public static IReadOnlyList<RedisRight> NeededInCluster { get; } = [new("cluster|nodes", ""), new("asking", "")];

    /// <summary>Asks for each right; null when the server does not answer such a question.</summary>
    /// <exception cref="RedisException">There is no answer now.</exception>
    /// <exception cref="TimeoutException">There is no answer now.</exception>
    public static async Task<IReadOnlyList<MissingRight>?> FindMissingAsync(IDatabase database, RedisKeys keys, string user, bool isCluster)
    {
        try
        {
            // The first one by itself: when it may not be asked, the others need not be.
            var first = await AskAsync(database, keys, user, Needed[0]).ConfigureAwait(false);
            var others = await Task.WhenAll(Needed.Skip(1).Concat(isCluster ? NeededInCluster : []).Select(right => AskAsync(database, keys, user, right))).ConfigureAwait(false);
            return [.. others.Prepend(first).OfType<MissingRight>()];
        }
        catch (Exception error) when (error is RedisServerException or RedisCommandException)
        {
            return null;
        }
    }

    private static async Task<MissingRight?> AskAsync(IDatabase database, RedisKeys keys, string user, RedisRight right)
    {
        var arguments = right.Arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word switch { "KEY" => (object)keys.Header, "CHANNEL" => keys.Wake.ToString(), _ => word });
        var answer = (string?)await database.ExecuteAsync("ACL", ["DRYRUN", user, .. right.Name.Split('|'), .. arguments]).ConfigureAwait(false) ?? "";
        if (answer == "OK") return null;
        return new MissingRight(
            right,
            answer.Contains("no permissions to run", StringComparison.Ordinal) ? MissingKind.Command
            : answer.EndsWith("channel", StringComparison.Ordinal) ? MissingKind.Channel
            : MissingKind.Key);
    }
}

/// <summary>What an access list does not have.</summary>
internal enum MissingKind
{
    Command,
    Key,
    Channel,
}

/// <summary>A call that is refused.</summary>
/// <param name="Right">What was to be done.</param>
/// <param name="Kind">Why it is refused.</param>
internal sealed record MissingRight(RedisRight Right, MissingKind Kind);
