using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Tool.Tests;

/// <summary>Exit codes, usage, and that nothing is done when the command line makes no sense.</summary>
public class CommandLineTests
{
    private static readonly string[] Verbs = ["status", "receipt", "pending", "dead-letters", "quarantine", "replay", "purge", "watch"];

    public static TheoryData<string> AllVerbs => [.. Verbs];

    public static TheoryData<string> AllVerbsAndTheDoctor => [.. Verbs, "doctor"];

    private static readonly string[] Ledger = ["--ledger", "redis://test", "--publisher-id", "plant-7"];

    [Theory]
    [InlineData("", "Required command was not provided")]
    [InlineData("explode", "explode")]
    [InlineData("status extra", "extra")]
    [InlineData("status --limit 3", "--limit")]
    [InlineData("receipt", "MESSAGE-ID")]
    [InlineData("receipt --jsn", "There is no option '--jsn'")]
    [InlineData("pending --limit 0", "1 to 100000")]
    [InlineData("pending --limit 100001", "1 to 100000")]
    [InlineData("pending --limit x", "1 to 100000")]
    [InlineData("pending --after -1", "0 to")]
    [InlineData("quarantine --after x", "'x' is not a number")]
    [InlineData("dead-letters --cause bad-luck", "rejected, session-lost, broker-limit, poison")]
    [InlineData("dead-letters --reason-code 256", "one byte")]
    [InlineData("dead-letters --reason-code 0xXY", "one byte")]
    [InlineData("dead-letters --older-than 5", "such as 12h")]
    [InlineData("dead-letters --older-than 5w", "such as 12h")]
    [InlineData("dead-letters --older-than -5d", "such as 12h")]
    [InlineData("dead-letters --topic a#", "whole level")]
    [InlineData("dead-letters --topic #/a", "at the end only")]
    [InlineData("dead-letters --all", "--all")]
    [InlineData("replay", "Say which")]
    [InlineData("replay a --all", "one of the three")]
    [InlineData("replay a --topic #", "one of the three")]
    [InlineData("replay --all --cause poison", "one of the three")]
    [InlineData("replay --al", "There is no option '--al'")]
    [InlineData("replay a --max-pending 0", "1 to")]
    [InlineData("purge", "Say which")]
    [InlineData("purge --all", "give --yes")]
    [InlineData("purge --topic #", "give --yes")]
    [InlineData("watch --interval 0", "1 to 3600")]
    [InlineData("watch --interval 0.5", "1 to 3600")]
    [InlineData("watch --count 0", "1 to")]
    [InlineData("doctor --broker http://host", "There is no such broker")]
    [InlineData("doctor --broker mqtt://", "There is no such broker")]
    [InlineData("doctor --broker mqtt://host --topic a/#", "wildcard '#'")]
    [InlineData("doctor --broker mqtt://host --mqtt 4", "expected 5 or 3.1.1")]
    [InlineData("doctor --broker mqtt://host --session-expiry never", "such as 12h")]
    [InlineData("doctor --broker mqtt://host --client-id plant-7", "would be taken over")]
    [InlineData("doctor --topic a", "Say where the broker is")]
    [InlineData("doctor --broker-ca ca.pem", "Say where the broker is")]
    public async Task Bad_usage_is_2_and_touches_nothing(string text, string problem)
    {
        await using var rig = new ToolRig { Wrap = _ => throw new InvalidOperationException("The ledger was touched.") };
        var args = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ExitCode.BadUsage, await rig.RunRawAsync(args is [] or ["explode"] ? args : [.. args, .. Ledger]));
        Assert.Equal("", rig.Out);
        Assert.Contains(problem, rig.Error, StringComparison.Ordinal);
        Assert.EndsWith("Try --help.\n", rig.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--publisher-id", "p")]
    [InlineData("--ledger", "redis://test")]
    [InlineData("--ledger", "mongo:file", "--publisher-id", "p")]
    [InlineData("--ledger", "sqlite:", "--publisher-id", "p")]
    [InlineData("--ledger", "memory", "--publisher-id", "p")]
    [InlineData("--ledger", "redis://", "--publisher-id", "p")]
    [InlineData("--ledger", "redis://test", "--publisher-id", "")]
    public async Task Each_verb_needs_a_ledger_and_a_publisher(params string[] args)
    {
        await using var rig = new ToolRig { Wrap = _ => throw new InvalidOperationException("The ledger was touched.") };
        foreach (var verb in Verbs.Append("doctor")) Assert.Equal((verb, ExitCode.BadUsage), (verb, await rig.RunRawAsync([verb, "--json", .. verb is "receipt" or "replay" or "purge" ? ["id"] : Array.Empty<string>(), .. args])));
    }

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task A_publisher_without_a_ledger_is_1_and_gets_none(string verb)
    {
        await using var rig = new ToolRig();
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync([verb, .. Target(verb)]));
        Assert.Equal("", rig.Out);
        Assert.Contains("There is no ledger of publisher id 'plant-7'", rig.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync([verb, .. Target(verb)]));
    }

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task A_ledger_that_does_not_answer_is_3_and_says_why(string verb)
    {
        await using var rig = new ToolRig { Wrap = _ => new SilentLedger("no answer", new IOException("connection refused")) };
        Assert.Equal(ExitCode.Unreachable, await rig.RunAsync([verb, .. Target(verb)]));
        Assert.Equal(("", "The ledger cannot be reached: no answer\nconnection refused\n"), (rig.Out, rig.Error));
    }

    [Theory]
    [InlineData("redis://user:pa55word@host")]
    [InlineData("redis://pa55word@host,ssl=true")]
    [InlineData("redis://host,password=pa55word")]
    [InlineData("redis://user:pa%355word@host")]
    public async Task A_password_is_in_no_output_whatever_quotes_it(string address)
    {
        await using var rig = new ToolRig();
        (await rig.OpenAsync()).ToString();
        await Check(["status", "--ledger", address, "--publisher-id", "plant-7"], ExitCode.Success);
        await Check(["status", "--ledger", address, "--publisher-id", "plant-7", "--json"], ExitCode.Success);
        await Check(["status", "--ledger", address, "--publisher-id", "another"], ExitCode.NotFound);
        await Check(["status", address, "--publisher-id", "plant-7"], ExitCode.BadUsage);
        await Check(["status", $"--leger={address}", "--publisher-id", "plant-7"], ExitCode.BadUsage);
        await Check(["status", "--publisher-id", "plant-7", "--ledger", address.Replace("redis:", "rdis:", StringComparison.Ordinal)], ExitCode.BadUsage);
        await Check(["status", "--publisher-id", "plant-7", "--ledger", address + ",nonsense=1"], ExitCode.BadUsage);
        await Check([address], ExitCode.BadUsage);
        rig.Wrap = _ => new SilentLedger($"AUTH pa55word failed at {address}", new IOException("with pa55word"));
        await Check(["status", "--ledger", address, "--publisher-id", "plant-7"], ExitCode.Unreachable);
        await Check(["status", $"--ledger={address}", "--publisher-id", "plant-7"], ExitCode.Unreachable);
        rig.Variables["RELIABLE_MQTT_LEDGER"] = address;
        await Check(["status", "--publisher-id", "plant-7"], ExitCode.Unreachable);
        await Check(["--help"], ExitCode.Success);
        await Check(["status", "--help"], ExitCode.Success);

        async Task Check(string[] args, int code)
        {
            Assert.Equal((string.Join(' ', args), code), (string.Join(' ', args), await rig.RunRawAsync(args)));
            Assert.NotEqual("", rig.Out + rig.Error);
            Assert.DoesNotContain("pa55word", rig.Out + rig.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("pa%355word", rig.Out + rig.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_ledger_may_come_from_the_environment_and_an_option_is_stronger()
    {
        string? shown = null;
        await using var rig = new ToolRig();
        await rig.OpenAsync();
        rig.Variables["RELIABLE_MQTT_LEDGER"] = "redis://from-environment";
        foreach (var (args, expected) in new[] { (Array.Empty<string>(), "redis://from-environment"), (["--ledger", "redis://from-option"], "redis://from-option") })
        {
            Assert.Equal(ExitCode.Success, await rig.RunRawAsync(["status", "--publisher-id", "plant-7", "--json", .. args]));
            shown = rig.Json().GetProperty("ledger").GetString();
            Assert.Equal(expected, shown);
        }

        rig.Variables["RELIABLE_MQTT_LEDGER"] = "nonsense";
        Assert.Equal(ExitCode.BadUsage, await rig.RunRawAsync("status", "--publisher-id", "plant-7"));
        Assert.Contains("There is no such ledger", rig.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_ledger_refuses_is_1_and_an_interruption_130()
    {
        await using var rig = new ToolRig { Wrap = _ => new SilentLedger("", null, new InvalidOperationException("The ledger has schema 2.\u001b[31m")) };
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("status"));
        Assert.Equal("The ledger has schema 2.\\u001B[31m\n", rig.Error);
        rig.Wrap = _ => new SilentLedger("", null, new OperationCanceledException());
        Assert.Equal(ExitCode.Interrupted, await rig.RunAsync("status"));
    }

    [Theory]
    [MemberData(nameof(AllVerbsAndTheDoctor))]
    public async Task Help_names_what_all_verbs_have(string verb)
    {
        await using var rig = new ToolRig();
        Assert.Equal(ExitCode.Success, await rig.RunRawAsync(verb, "--help"));
        Assert.All(["--ledger", "--publisher-id", "--json"], option => Assert.Contains(option, rig.Out, StringComparison.Ordinal));
    }

    private static string[] Target(string verb) => verb switch
    {
        "receipt" or "replay" => ["id"],
        "purge" => ["--all", "--yes"],
        _ => [],
    };

    private sealed class SilentLedger(string message, Exception? cause, Exception? other = null) : DelegatingLedger(new InMemoryAckLedger())
    {
        public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) =>
            throw other ?? new LedgerUnavailableException(message, cause);
    }
}
