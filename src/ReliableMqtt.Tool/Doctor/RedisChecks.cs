using System.Globalization;
using ReliableMqtt.Redis;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What a Redis server's settings mean for what is in the ledger. The levels follow <see cref="RedisFacts.Judge"/>, setting by setting.</summary>
internal static class RedisChecks
{
    private const string Unread = "Without it nobody can tell what survives a restart of Redis, and RequireDurableLedger refuses to start.";
    private const string AllowReading = "Let the user read it: ACL SETUSER NAME +config|get +info +acl|dryrun, as docs/redis.md has it.";
    private const double FullFrom = 0.9;

    private static readonly TimeSpan ClockWarning = TimeSpan.FromSeconds(2), ClockProblem = TimeSpan.FromMinutes(1);
    private static readonly Version Oldest = new(6, 2);

    public static IEnumerable<Finding> Judge(string address, RedisLook look)
    {
        if (look.Problem is { } problem)
        {
            yield return look.IsRefused
                ? Finding.Problem(
                    "redis-credentials", $"{address} does not let user '{look.User}' in: {problem}", "No publisher can accept a message, since it could not be stored.",
                    "Correct user and password (redis://user:password@host, what is special in them percent-encoded), or the user at the server: ACL SETUSER NAME on >password.")
                : Finding.Problem(
                    "redis", $"{address} cannot be reached: {problem}", "No publisher can accept a message, since it could not be stored; what is sent already waits for its confirm to be written.",
                    "Start Redis, or correct host and port; a firewall, and a server that listens on another address, look the same, and so does a user without +echo. A port that speaks TLS needs rediss://.");
            yield break;
        }

        yield return Finding.Ok("redis", $"{address} answers user '{look.User}'");
        if (look.Facts is { } facts)
        {
            yield return Version(facts);
            yield return Role(facts);
            foreach (var finding in Append(facts, look)) yield return finding;
            yield return Eviction(facts, look);
            yield return Replicas(facts, look);
        }
        else
        {
            yield return Finding.Warning("redis-settings", $"the user '{look.User}' may not call INFO", Unread, AllowReading);
        }

        yield return RedisRightChecks.Judge(look);
        yield return Clock(look);
    }

    private static Finding Version(RedisFacts facts)
    {
        const string Check = "redis-version";
        var what = $"{facts.Kind} {facts.Version}";
        if (facts.Kind is not ("redis" or "valkey"))
            return Finding.Warning(Check, what, "The ledger is tested with Redis 7.0; a server that runs two scripts at the same time would break it.", "Use Redis 6.2 or later, or Valkey.");
        return facts.Kind == "redis" && System.Version.TryParse(facts.Version, out var version) && version < Oldest
            ? Finding.Problem(Check, what, "Scripts of the ledger use what came with Redis 6.2.", "Use Redis 6.2 or later, or Valkey.")
            : Finding.Ok(Check, what);
    }

    private static Finding Role(RedisFacts facts) => facts.Role == "slave"
        ? Finding.Problem("redis-role", "the server is a replica", "It refuses writes, so that no message can be accepted.", "Connect to its primary, or name all servers in the address, separated by commas.")
        : Finding.Ok("redis-role", $"{(facts.Role == "master" ? "primary" : facts.Role ?? "unknown")}, {facts.Mode ?? "mode unknown"}");

    private static IEnumerable<Finding> Append(RedisFacts facts, RedisLook look)
    {
        const string Off = "A restart of Redis, a kill and a crash lose accepted messages";
        yield return facts.AppendOnly switch
        {
            "yes" => Finding.Ok("redis-appendonly", "yes"),
            null => Finding.Warning("redis-appendonly", "not known: CONFIG GET is refused", Unread, AllowReading),
            _ => Finding.Problem(
                "redis-appendonly", $"appendonly is {facts.AppendOnly}{(string.IsNullOrEmpty(facts.Save) ? ", and there are no snapshots" : $"; snapshots are taken by '{facts.Save}'")}",
                string.IsNullOrEmpty(facts.Save) ? $"{Off}: all of them." : $"{Off}: all since the last snapshot.",
                "CONFIG SET appendonly yes, CONFIG SET appendfsync always, then CONFIG REWRITE, so that it holds after a restart too."),
        };
        if (facts.AppendOnly != "yes") yield break;
        yield return facts.AppendFsync switch
        {
            "always" => Finding.Ok("redis-appendfsync", "always: an accepted message is on the disk before it is answered"),
            null => Finding.Warning("redis-appendfsync", "not known: CONFIG GET is refused", Unread, AllowReading),
            "everysec" => Finding.Warning(
                "redis-appendfsync", "appendfsync is everysec", "Up to a second of accepted messages is lost with the machine, and also when Redis is only killed with -9; a confirmed QoS 2 message may be sent again.",
                "CONFIG SET appendfsync always, then CONFIG REWRITE. It costs little, since one write carries all that has come up; leave it when a lost second is acceptable."),
            var other => Finding.Problem(
                "redis-appendfsync", $"appendfsync is {other}", "What the operating system had not written by itself, some 30 s, is lost when Redis or the machine dies.", "CONFIG SET appendfsync always, then CONFIG REWRITE."),
        };
        if (look.LastAppend is not (null or "ok"))
            yield return Finding.Problem("redis-append", $"the last write of the append-only file ended with {look.LastAppend}", "Redis refuses writes meanwhile: no message is accepted.", "Make room on its disk; its log says what is wrong.");
        if (facts.DefaultUserMayWrite == false)
        {
            yield return Finding.Problem(
                "redis-default-user", "the user 'default' may not write", "Redis loads its append-only file with the rights of this user, and drops what it may not do: a restart loses the ledger.",
                "ACL SETUSER default ~* &* +@all, then ACL SAVE or CONFIG REWRITE. It may stay off, so that nobody logs in as it.");
        }
        else if (facts.DefaultUserMayWrite is null)
        {
            yield return Finding.Warning("redis-default-user", "the rights of the user 'default' are not known: ACL DRYRUN is refused", "Redis loads its append-only file with the rights of this user, and drops what it may not do.", AllowReading);
        }
    }

    private static Finding Eviction(RedisFacts facts, RedisLook look)
    {
        const string Check = "redis-maxmemory-policy";
        const string Change = "CONFIG SET maxmemory-policy noeviction, then CONFIG REWRITE; give caches a Redis of their own.";
        var limit = long.TryParse(facts.MaxMemory, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
        var policy = facts.MaxMemoryPolicy;
        if (policy is null) return Finding.Warning(Check, "not known: CONFIG GET is refused", Unread, AllowReading);
        if (policy == "noeviction")
        {
            return limit > 0 && look.UsedMemory > limit * FullFrom
                ? Finding.Warning(Check, $"noeviction, and {Words.Bytes(look.UsedMemory.Value)} of {Words.Bytes(limit)} are in use", "At the limit new messages wait or are refused, as Overflow says; confirms are still taken.", "Raise maxmemory, lower MaxPending, or see why the ledger does not drain: reliable-mqtt watch.")
                : Finding.Ok(Check, limit > 0 ? $"noeviction, with maxmemory {Words.Bytes(limit)}" : "noeviction, without maxmemory");
        }

        if (policy.StartsWith("volatile", StringComparison.Ordinal))
            return Finding.Warning(Check, $"maxmemory-policy is {policy}", "Messages stay, since their keys have no expiry; but when memory is short Redis deletes the lease, and what receivers and acceptors are known by: fences and deduplication have gaps then.", Change);
        return limit == 0
            ? Finding.Warning(Check, $"maxmemory-policy is {policy}, harmless only as long as maxmemory is 0", "As soon as somebody sets maxmemory, or the provider does, Redis may delete accepted messages without a word.", Change)
            : Finding.Problem(Check, $"maxmemory-policy is {policy}, with maxmemory {Words.Bytes(limit)}", "When memory is short Redis deletes keys of the ledger, with accepted messages in them, without a word.", Change);
    }

    private static Finding Replicas(RedisFacts facts, RedisLook look)
    {
        const string Check = "redis-replicas";
        var least = look.MinReplicasToWrite ?? 0;
        var what = $"{Words.Number(facts.Replicas)} replicas, min-replicas-to-write {(look.MinReplicasToWrite is { } known ? Words.Number(known) : "not known")}";
        if (least > 0 && (look.GoodReplicas ?? facts.Replicas) < least)
            return Finding.Problem(Check, what, "There are not as many replicas in reach as Redis asks for, so it refuses writes: no message is accepted.", "Bring the replicas back, or lower min-replicas-to-write.");
        if (facts.Replicas > 0 && look.MinReplicasToWrite == 0)
        {
            return Finding.Warning(Check, what, "Replication is asynchronous: a failover loses what the replica had not got, and a primary that is cut off goes on taking writes that are lost then.",
                "CONFIG SET min-replicas-to-write 1 and min-replicas-max-lag 10 bound that time; then calls wait while no replica is in reach. A failover can lose writes in any case.");
        }

        return Finding.Ok(Check, what);
    }

    private static Finding Clock(RedisLook look)
    {
        const string Check = "clock";
        if (look.ClockAhead is not { } ahead) return Finding.Warning(Check, "not known: TIME is refused", "Expiries are not right when clocks differ.", "Let the user call it: ACL SETUSER NAME +time.");
        var distance = ahead.Duration();
        var what = string.Create(CultureInfo.InvariantCulture, $"the clock of Redis is {distance.TotalSeconds:0.000} s {(ahead < TimeSpan.Zero ? "behind" : "ahead of")} this machine's (give or take {look.ClockError.TotalSeconds:0.000} s)");
        if (distance - look.ClockError < ClockWarning) return Finding.Ok(Check, what);
        const string Why = "A message's expiry is set by the clock of the process that accepts it and judged by that of the one that sends; Redis's own decides how long receipts are kept. Messages may expire too early or too late.";
        const string Change = "Let both machines follow the same time servers (chrony, systemd-timesyncd), and look which of both is wrong.";
        return distance - look.ClockError < ClockProblem ? Finding.Warning(Check, what, Why, Change) : Finding.Problem(Check, what, Why, Change);
    }
}
