using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace ReliableMqtt.Redis;

/// <summary>The scripts: one file each in the folder Scripts, where its keys, arguments and answers are said.</summary>
internal sealed class RedisScript
{
    private static readonly string Prelude = Read("_prelude");

    private RedisScript(string name)
    {
        Name = name;
        Text = Prelude + Read(name);
#pragma warning disable CA5350 // It is the name that Redis gives to a script.
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public static RedisScript Open { get; } = new("open");

    public static RedisScript Accept { get; } = new("accept");

    public static RedisScript Register { get; } = new("register");

    public static RedisScript Find { get; } = new("find");

    public static RedisScript Statistics { get; } = new("statistics");

    public static RedisScript Overview { get; } = new("overview");

    public static RedisScript Pending { get; } = new("pending");

    public static RedisScript Quarantined { get; } = new("quarantined");

    public static RedisScript Acquire { get; } = new("acquire");

    public static RedisScript Renew { get; } = new("renew");

    public static RedisScript Release { get; } = new("release");

    public static RedisScript Attach { get; } = new("attach");

    public static RedisScript Recover { get; } = new("recover");

    public static RedisScript Stage { get; } = new("stage");

    public static RedisScript Restore { get; } = new("restore");

    public static RedisScript Backlog { get; } = new("backlog");

    public static RedisScript Commit { get; } = new("commit");

    public static RedisScript Dead { get; } = new("dead");

    public static RedisScript Letter { get; } = new("letter");

    public static RedisScript Replay { get; } = new("replay");

    public static RedisScript Purge { get; } = new("purge");

    public static RedisScript Quarantine { get; } = new("quarantine");

    public static RedisScript Claim { get; } = new("claim");

    public static RedisScript Mark { get; } = new("mark");

    public static RedisScript Unclaim { get; } = new("unclaim");

    public string Name { get; }

    public string Text { get; }

    /// <summary>What <c>EVALSHA</c> calls it.</summary>
    public byte[] Hash { get; }

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"ReliableMqtt.Redis.Scripts.{name}.lua")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
