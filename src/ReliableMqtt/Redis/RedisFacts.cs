using System.Globalization;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Redis;

/// <summary>What a server says of itself, as far as it decides what survives. Null where it does not say.</summary>
internal sealed record RedisFacts
{
    /// <summary>redis, valkey, keydb, dragonfly, garnet.</summary>
    public required string Kind { get; init; }

    public required string Version { get; init; }

    /// <summary>master or slave, in the server's words.</summary>
    public string? Role { get; init; }

    /// <summary>standalone, cluster, sentinel.</summary>
    public string? Mode { get; init; }

    public int Replicas { get; init; }

    /// <summary>CONFIG appendonly.</summary>
    public string? AppendOnly { get; init; }

    /// <summary>CONFIG appendfsync.</summary>
    public string? AppendFsync { get; init; }

    /// <summary>CONFIG save: when snapshots are taken.</summary>
    public string? Save { get; init; }

    /// <summary>CONFIG maxmemory, in bytes; 0 for no limit.</summary>
    public string? MaxMemory { get; init; }

    /// <summary>CONFIG maxmemory-policy.</summary>
    public string? MaxMemoryPolicy { get; init; }

    /// <summary>The user named default has the rights without which the server drops what scripts have written, when it loads its append-only file.</summary>
    public bool? DefaultUserMayWrite { get; init; }

    /// <summary>What that means for accepted messages.</summary>
    public LedgerDurability Judge()
    {
        var risks = new List<string>();
        var isConfigUnknown = AppendOnly is null || AppendFsync is null || MaxMemoryPolicy is null;
        var isUserUnknown = AppendOnly == "yes" && DefaultUserMayWrite is null;
        if (Role == "slave") risks.Add("the server is a replica and refuses writes; connect to its master");
        if (AppendOnly == "no")
            risks.Add(string.IsNullOrEmpty(Save)
                ? "nothing is written to disk (appendonly no, no snapshots): a restart of Redis loses everything"
                : "appendonly is no: a restart of Redis may lose everything since its last snapshot");
        else if (AppendFsync == "everysec") risks.Add("appendfsync is everysec: the last second may be lost, also when Redis is only killed");
        else if (AppendFsync == "no") risks.Add("appendfsync is no: what the operating system had not written is lost when Redis or the machine dies");
        if (AppendOnly == "yes" && DefaultUserMayWrite == false)
            risks.Add("a restart of Redis may lose everything, since the user 'default' may not write and the append-only file is loaded with its rights: ACL SETUSER default ~* +@all (it may stay off)");
        if (MaxMemoryPolicy is not (null or "noeviction"))
            risks.Add(MaxMemory == "0"
                ? $"maxmemory-policy is {MaxMemoryPolicy}: harmless only as long as maxmemory is 0; set noeviction"
                : $"maxmemory-policy is {MaxMemoryPolicy}: Redis may delete accepted messages; set noeviction");

        var level = risks.Count > 0 ? LedgerDurabilityLevel.RecentWritesAtRisk : isConfigUnknown || isUserUnknown ? LedgerDurabilityLevel.Unknown : LedgerDurabilityLevel.Durable;
        if (isConfigUnknown) risks.Add("CONFIG GET is not allowed or not known here (StackExchange.Redis allows it with allowAdmin=true alone), so what survives a restart of Redis cannot be told");
        if (isUserUnknown) risks.Add("ACL DRYRUN is not allowed or not known here, so whether Redis loads all of its append-only file cannot be told");
        if (Replicas > 0 || Mode is "cluster" or "sentinel") risks.Add("a failover to a replica can lose writes that were acknowledged");
        return new LedgerDurability(level, $"{Describe()}{(risks.Count == 0 ? "" : "; ")}{string.Join("; ", risks)}.");
    }

    private string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Kind} {Version}, {Mode ?? "mode unknown"}, role {Role ?? "unknown"}, {Replicas} replicas, appendonly {AppendOnly ?? "unknown"}, appendfsync {AppendFsync ?? "unknown"}, maxmemory-policy {MaxMemoryPolicy ?? "unknown"}");
}
