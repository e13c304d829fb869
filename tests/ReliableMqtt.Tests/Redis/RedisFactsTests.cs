using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>What the settings of a server mean for messages that it has accepted.</summary>
public class RedisFactsTests
{
    private const LedgerDurabilityLevel Durable = LedgerDurabilityLevel.Durable, AtRisk = LedgerDurabilityLevel.RecentWritesAtRisk, Unknown = LedgerDurabilityLevel.Unknown;

    private static readonly RedisFacts Best = new()
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

    private static readonly Dictionary<string, (RedisFacts Facts, LedgerDurabilityLevel Level, string? Words)> Settings = new()
    {
        ["all as it should be"] = (Best, Durable, null),
        ["snapshots besides"] = (Best with { Save = "3600 1" }, Durable, null),
        ["a limit of memory"] = (Best with { MaxMemory = "100000000" }, Durable, null),
        ["everysec"] = (Best with { AppendFsync = "everysec" }, AtRisk, "the last second may be lost, also when Redis is only killed"),
        ["no fsync"] = (Best with { AppendFsync = "no" }, AtRisk, "what the operating system had not written is lost"),
        ["snapshots alone"] = (Best with { AppendOnly = "no", Save = "3600 1" }, AtRisk, "may lose everything since its last snapshot"),
        ["nothing on disk"] = (Best with { AppendOnly = "no" }, AtRisk, "a restart of Redis loses everything"),
        ["nothing on disk, everysec"] = (Best with { AppendOnly = "no", AppendFsync = "everysec" }, AtRisk, "a restart of Redis loses everything"),
        ["eviction"] = (Best with { MaxMemoryPolicy = "allkeys-lru", MaxMemory = "100000000" }, AtRisk, "maxmemory-policy is allkeys-lru: Redis may delete accepted messages"),
        ["eviction without a limit"] = (Best with { MaxMemoryPolicy = "volatile-ttl" }, AtRisk, "harmless only as long as maxmemory is 0"),
        ["eviction, limit not told"] = (Best with { MaxMemoryPolicy = "volatile-ttl", MaxMemory = null }, AtRisk, "Redis may delete accepted messages"),
        ["a replica"] = (Best with { Role = "slave" }, AtRisk, "connect to its master"),
        ["no word of appendonly"] = (Best with { AppendOnly = null }, Unknown, "CONFIG GET is not allowed or not known here"),
        ["no word of appendfsync"] = (Best with { AppendFsync = null }, Unknown, "CONFIG GET is not allowed or not known here"),
        ["no word of the policy"] = (Best with { MaxMemoryPolicy = null }, Unknown, "CONFIG GET is not allowed or not known here"),
        ["no word of anything"] = (new RedisFacts { Kind = "redis", Version = "6.2" }, Unknown, "CONFIG GET is not allowed or not known here"),
        ["a known risk beside the unknown"] = (Best with { MaxMemoryPolicy = null, AppendFsync = "everysec" }, AtRisk, "CONFIG GET is not allowed or not known here"),
        ["a default user without rights"] = (Best with { DefaultUserMayWrite = false }, AtRisk, "a restart of Redis may lose everything, since the user 'default' may not write"),
        ["a default user without rights, and no file"] = (Best with { DefaultUserMayWrite = false, AppendOnly = "no" }, AtRisk, "nothing is written to disk"),
        ["no word of the default user"] = (Best with { DefaultUserMayWrite = null }, Unknown, "ACL DRYRUN is not allowed or not known here"),
        ["replicas"] = (Best with { Replicas = 2 }, Durable, "a failover to a replica can lose writes that were acknowledged"),
        ["cluster"] = (Best with { Mode = "cluster" }, Durable, "a failover to a replica can lose writes that were acknowledged"),
    };

    public static TheoryData<string> Names => [.. Settings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_settings_decide(string name)
    {
        var (facts, level, words) = Settings[name];
        var judged = facts.Judge();
        Assert.Equal(level, judged.Level);
        if (words is not null) Assert.Contains(words, judged.Description, StringComparison.Ordinal);
        Assert.EndsWith(".", judged.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_durable_server_alone_has_no_warning() => Assert.Equal(
        "redis 7.0.15, standalone, role master, 0 replicas, appendonly yes, appendfsync always, maxmemory-policy noeviction.", Best.Judge().Description);

    [Fact]
    public void What_is_not_known_is_said_to_be_so() => Assert.StartsWith(
        "valkey 8.0, mode unknown, role unknown, 0 replicas, appendonly unknown, appendfsync unknown, maxmemory-policy unknown; ",
        new RedisFacts { Kind = "valkey", Version = "8.0" }.Judge().Description, StringComparison.Ordinal);

    [Fact]
    public void Two_risks_are_both_told()
    {
        var description = (Best with { AppendFsync = "everysec", MaxMemoryPolicy = "allkeys-lfu", MaxMemory = "1" }).Judge().Description;
        Assert.Contains("everysec", description, StringComparison.Ordinal);
        Assert.Contains("set noeviction", description, StringComparison.Ordinal);
    }
}
