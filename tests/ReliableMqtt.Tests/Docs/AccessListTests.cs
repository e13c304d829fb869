using System.Text.RegularExpressions;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Docs;

/// <summary>
/// The access list of docs/redis.md has what scripts and client use, and nothing else. A script that uses another command, or no longer uses one, takes the
/// line with it; that the line is enough is tested with exactly that user among the integration tests.
/// </summary>
public partial class AccessListTests
{
    private const string Scripts = "src/ReliableMqtt/Redis/Scripts/";

    /// <summary>What RedisLink, RedisAckLedger, RedisDurability and the client library itself send, beside the commands within scripts.</summary>
    private static readonly string[] OfTheClient = ["evalsha", "eval", "script|load", "select", "echo", "ping", "subscribe", "del", "info", "config|get", "acl|dryrun"];

    [Fact]
    public void It_has_the_commands_of_scripts_and_client_and_no_other()
    {
        var line = Document.Read("docs/redis.md").Text.Split('\n').Single(line => line.StartsWith("user plant ", StringComparison.Ordinal));
        var used = RepositoryFiles.All.Where(path => path.StartsWith(Scripts, StringComparison.Ordinal))
            .SelectMany(path => Commands(File.ReadAllText(RepositoryRoot.File(path)))).Concat(OfTheClient);
        Assert.Equal(used.Distinct().Order(StringComparer.Ordinal), Allowed(line).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_doctor_asks_for_each_of_them()
    {
        var line = Document.Read("docs/redis.md").Text.Split('\n').Single(line => line.StartsWith("user plant ", StringComparison.Ordinal));
        Assert.Equal(Allowed(line).Order(StringComparer.Ordinal), RedisRights.Needed.Select(right => right.Name).Order(StringComparer.Ordinal));
        Assert.Contains($"`{string.Join(' ', RedisRights.NeededInCluster.Select(right => "+" + right.Name))}` besides", Document.Read("docs/redis.md").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_are_found_in_a_script_and_in_a_line()
    {
        Assert.Equal(["get", "hset", "hmget"], Commands("call('GET', key) write('HSET', a, b)\nreturn fetch('HMGET', c, {}) -- call back('X')"));
        Assert.Equal(["get", "config|get"], Allowed("user plant on >a+b ~reliable-mqtt:* &reliable-mqtt:* -@all +get +config|get"));
    }

    private static IEnumerable<string> Commands(string script) => Command().Matches(script).Select(match => match.Groups[1].Value.ToLowerInvariant());

    private static IEnumerable<string> Allowed(string line) => line.Split(' ').Where(word => word.StartsWith('+')).Select(word => word[1..]);

    [GeneratedRegex(@"\b(?:p?call|write|fetch)\('([A-Z]+)'")]
    private static partial Regex Command();
}
