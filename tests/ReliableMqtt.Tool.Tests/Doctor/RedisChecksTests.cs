using ReliableMqtt.Redis;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>What the settings of a Redis server mean.</summary>
public class RedisChecksTests
{
    private static readonly RedisFacts Durable = new()
    {
        Kind = "redis",
        Version = "7.0.15",
        Role = "master",
        Mode = "standalone",
        AppendOnly = "yes",
        AppendFsync = "always",
        Save = "",
        MaxMemory = "0",
        MaxMemoryPolicy = "noeviction",
        DefaultUserMayWrite = true,
    };

    private static readonly RedisLook Good = new() { Facts = Durable, MinReplicasToWrite = 0, LastAppend = "ok", ClockAhead = TimeSpan.Zero, MissingRights = [] };

    [Fact]
    public void All_is_well_with_a_durable_server() => Assert.All(Judge(Good), finding => Assert.Equal((finding.Check, Level.Ok), (finding.Check, finding.Level)));

    [Theory]
    [InlineData("no", "", "always", "Problem", "redis-appendonly", "all of them")]
    [InlineData("no", "3600 1", "always", "Problem", "redis-appendonly", "since the last snapshot")]
    [InlineData("yes", "", "everysec", "Warning", "redis-appendfsync", "killed with -9")]
    [InlineData("yes", "", "no", "Problem", "redis-appendfsync", "operating system")]
    public void What_a_restart_loses_is_told(string appendOnly, string save, string fsync, string level, string check, string why)
    {
        var finding = Bad(Good with { Facts = Durable with { AppendOnly = appendOnly, Save = save, AppendFsync = fsync } });
        Assert.Equal((check, level), (finding.Check, finding.Level.ToString()));
        Assert.Contains(why, finding.Why, StringComparison.Ordinal);
        Assert.Contains("appendfsync always", finding.Change, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("allkeys-lru", "1000000", "Problem")]
    [InlineData("allkeys-random", "1000000", "Problem")]
    [InlineData("allkeys-lru", "0", "Warning")]
    [InlineData("volatile-ttl", "1000000", "Warning")]
    public void Only_noeviction_is_right(string policy, string limit, string level)
    {
        var finding = Bad(Good with { Facts = Durable with { MaxMemoryPolicy = policy, MaxMemory = limit } });
        Assert.Equal(("redis-maxmemory-policy", level), (finding.Check, finding.Level.ToString()));
        Assert.Contains("maxmemory-policy noeviction", finding.Change, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(900, 0)]
    [InlineData(901, 1)]
    public void A_server_that_is_nearly_full_is_told(long used, int findings) =>
        Assert.Equal(findings, Judge(Good with { Facts = Durable with { MaxMemory = "1000" }, UsedMemory = used }).Count(finding => finding is { Level: Level.Warning, Check: "redis-maxmemory-policy" }));

    [Theory]
    [InlineData(1, 0, null, "Warning")]
    [InlineData(1, 1, null, "Ok")]
    [InlineData(1, 2, null, "Problem")]
    [InlineData(2, 2, 1, "Problem")]
    [InlineData(0, 0, null, "Ok")]
    public void Replicas_are_compared_with_what_writes_need(int replicas, int least, int? good, string level) => Assert.Equal(
        level, Judge(Good with { Facts = Durable with { Replicas = replicas }, MinReplicasToWrite = least, GoodReplicas = good }).Single(finding => finding.Check == "redis-replicas").Level.ToString());

    [Theory]
    [InlineData("redis", "6.2.0", "Ok")]
    [InlineData("redis", "6.0.16", "Problem")]
    [InlineData("valkey", "8.0.1", "Ok")]
    [InlineData("garnet", "1.0", "Warning")]
    public void A_version_that_is_too_old_or_another_server_is_told(string kind, string version, string level) => Assert.Equal(
        level, Judge(Good with { Facts = Durable with { Kind = kind, Version = version } }).Single(finding => finding.Check == "redis-version").Level.ToString());

    [Fact]
    public void What_else_stops_writes_or_restarts_is_a_problem()
    {
        Assert.Equal("redis-role", Bad(Good with { Facts = Durable with { Role = "slave" } }).Check);
        Assert.Equal("redis-append", Bad(Good with { LastAppend = "err" }).Check);
        Assert.Contains("ACL SETUSER default", Bad(Good with { Facts = Durable with { DefaultUserMayWrite = false } }).Change, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_server_does_not_say_is_a_warning()
    {
        var findings = Judge(new RedisLook { Facts = Durable with { AppendOnly = null, AppendFsync = null, MaxMemoryPolicy = null, DefaultUserMayWrite = null } });
        Assert.Equal(["redis-appendonly", "redis-maxmemory-policy", "redis-rights", "clock"], findings.Where(finding => finding.Level == Level.Warning).Select(finding => finding.Check));
        Assert.Contains(Judge(new RedisLook()), finding => finding is { Check: "redis-settings", Level: Level.Warning });
    }

    [Theory]
    [InlineData(1_900, 0, "Ok", "ahead of")]
    [InlineData(2_100, 200, "Ok", "ahead of")]
    [InlineData(2_100, 50, "Warning", "ahead of")]
    [InlineData(-2_100, 50, "Warning", "behind")]
    [InlineData(-61_000, 50, "Problem", "behind")]
    public void Clocks_may_differ_by_as_much_as_nobody_notices(int milliseconds, int error, string level, string words)
    {
        var finding = Judge(Good with { ClockAhead = TimeSpan.FromMilliseconds(milliseconds), ClockError = TimeSpan.FromMilliseconds(error) }).Single(finding => finding.Check == "clock");
        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains(words, finding.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hset", "Problem", "+hset")]
    [InlineData("subscribe", "Warning", "+subscribe")]
    [InlineData("eval", "Warning", "+eval")]
    [InlineData("eval script|load", "Problem", "+eval +script|load")]
    [InlineData("select", "Ok", "")]
    public void A_right_that_is_missing_is_named_as_far_as_it_is_missed(string names, string level, string rules)
    {
        var finding = Judge(Good with { User = "plant", MissingRights = [.. names.Split(' ').Select(Missing)] }).Single(finding => finding.Check == "redis-rights");
        Assert.Equal(level, finding.Level.ToString());
        if (rules.Length > 0) Assert.StartsWith($"ACL SETUSER plant {rules}, ", finding.Change, StringComparison.Ordinal);
    }

    [Fact]
    public void Select_is_missed_where_another_database_is_used_and_patterns_are_named()
    {
        Assert.Equal(Level.Problem, Judge(Good with { UsesSelect = true, MissingRights = [Missing("select")] }).Single(finding => finding.Check == "redis-rights").Level);
        var finding = Judge(Good with { MissingRights = [Missing("get") with { Kind = MissingKind.Key }, Missing("publish") with { Kind = MissingKind.Channel }] }).Single(finding => finding.Check == "redis-rights");
        Assert.Contains("~reliable-mqtt:* &reliable-mqtt:*", finding.Change, StringComparison.Ordinal);
        Assert.Equal(Level.Problem, finding.Level);
    }

    private static MissingRight Missing(string name) => new(RedisRights.Needed.Single(right => right.Name == name), MissingKind.Command);

    private static Finding Bad(RedisLook look) => Assert.Single(Judge(look), finding => finding.Level > Level.Ok);

    private static List<Finding> Judge(RedisLook look) => [.. RedisChecks.Judge("redis://test", look)];
}
