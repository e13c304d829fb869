using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>The Redis user of docs/redis.md, with the rights that are written there and no other, so that page and library cannot drift apart.</summary>
/// <param name="Default">The line for the user named default, which nobody logs in as.</param>
/// <param name="Line">The line for the user of the ledger.</param>
internal sealed partial record DocumentedUser(string Default, string Line)
{
    private string Name => Line.Split(' ')[1];

    private string Password => Line.Split(' ').Single(word => word.StartsWith('>'))[1..];

    /// <summary>The same for the keys and channels of one publisher id.</summary>
    public DocumentedUser For(string publisherId) => this with { Line = Line.Replace("reliable-mqtt:*", $"reliable-mqtt:{{{publisherId}}}:*", StringComparison.Ordinal) };

    /// <summary>Lines of a server's configuration: this user, and nobody else but an administrator for the test.</summary>
    public IReadOnlyList<string> ServerLines => [Default, Line, "user admin on >admin ~* &* +@all"];

    /// <summary>What a ledger connects with.</summary>
    public string Login => $"user={Name},password={Password}";

    /// <summary>What a test connects with, to look inside.</summary>
    public static string AdminLogin => "user=admin,password=admin,allowAdmin=true";

    /// <summary>What StackExchange.Redis tries for its own sake, and does without.</summary>
    public static IReadOnlySet<string> Dispensable { get; } = new HashSet<string>
    {
        "client|id", "client|setname", "client|setinfo", "cluster|nodes", "cluster|slots", "config|get", "acl|dryrun", "acl|whoami", "__Booksleeve_MasterChanged", "__Booksleeve_TieBreak",
    };

    /// <summary>The commands, keys and channels in the answer to ACL LOG.</summary>
    public static IEnumerable<string> Refused(RedisResult log) => ((RedisResult[])log!)
        .Select(entry => ((RedisValue[])entry!).Chunk(2).ToDictionary(pair => (string)pair[0]!, pair => (string)pair[1]!)["object"]);

    /// <summary>Starts a server that knows only these users.</summary>
    public Task<RedisServer> StartServerAsync() => RedisServer.StartAsync(new RedisSettings { ExtraLines = ServerLines, Login = AdminLogin });

    /// <summary>The configuration of a ledger on such a server.</summary>
    public string Address(RedisServer server) => $"{server.Address},{Login}";
}
