using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;
using ReliableMqtt.Tool.Doctor;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary><c>doctor</c> around its checks: what it asks, what it says, and how it ends.</summary>
public class DoctorVerbTests
{
    private static readonly string[] Broker = ["--broker", "mqtt://user:pa55@broker.example"];

    [Theory]
    [InlineData("Ok", false, 0)]
    [InlineData("Warning", false, 0)]
    [InlineData("Warning", true, 1)]
    [InlineData("Problem", false, 1)]
    public async Task It_ends_with_1_when_it_has_found_a_problem(string level, bool isStrict, int code)
    {
        await using var rig = new ToolRig { OfBroker = [new Finding("broker", Enum.Parse<Level>(level), "what", "why", "change")] };
        await rig.OpenAsync();
        Assert.Equal(code, await rig.RunAsync(["doctor", .. Broker, .. isStrict ? ["--strict"] : Array.Empty<string>()]));
    }

    [Fact]
    public async Task People_get_a_line_each_and_then_the_advice_gravest_first()
    {
        await using var rig = new ToolRig
        {
            OfBroker = [Finding.Ok("broker", "fine"), Finding.Warning("retain", "none", "because", "do this")],
            OfStore = [Finding.Problem("redis-appendonly", "no\u001b, so it is", "lost", "set it")],
        };
        await rig.OpenAsync();
        Assert.Equal(1, await rig.RunAsync(["doctor", .. Broker]));
        Assert.Equal("", rig.Error);
        Assert.Equal("""
            ╭──────────────────┬─────────┬────────────────────────────────────────────────────────────────────╮
            │ Check            │ Result  │ What is so                                                         │
            ├──────────────────┼─────────┼────────────────────────────────────────────────────────────────────┤
            │ broker           │ ok      │ fine                                                               │
            │ retain           │ warning │ none                                                               │
            │ redis-appendonly │ problem │ no\u001B, so it is                                                 │
            │ ledger           │ ok      │ the ledger of 'plant-7' is readable: 0 pending (0 B), session none │
            │ lease            │ ok      │ free: no publisher dispatches                                      │
            │ oldest-pending   │ ok      │ nothing is pending                                                 │
            │ dead-letters     │ ok      │ none                                                               │
            │ quarantine       │ ok      │ none                                                               │
            ╰──────────────────┴─────────┴────────────────────────────────────────────────────────────────────╯

            problem: redis-appendonly: no\u001B, so it is
              why:    lost
              change: set it

            warning: retain: none
              why:    because
              change: do this

            ok=6 warnings=1 problems=1

            """, rig.Out);
    }

    [Fact]
    public async Task Scripts_get_the_same_as_one_document()
    {
        await using var rig = new ToolRig { OfBroker = [Finding.Problem("broker", "what", "why", "change")] };
        await rig.OpenAsync();
        Assert.Equal(1, await rig.RunAsync(["doctor", "--json", .. Broker]));
        var json = rig.Json();
        Assert.Equal(("plant-7", "mqtt://broker.example", "redis://test"), (json.GetProperty("publisherId").GetString(), json.GetProperty("broker").GetString(), json.GetProperty("ledger").GetString()));
        Assert.Equal((5, 0, 1), (json.GetProperty("ok").GetInt32(), json.GetProperty("warnings").GetInt32(), json.GetProperty("problems").GetInt32()));
        var first = json.GetProperty("findings")[0];
        Assert.Equal("broker problem what why change", string.Join(' ', first.EnumerateObject().Select(property => property.Value.GetString())));
        Assert.Equal(JsonValueKind.Null, json.GetProperty("findings")[1].GetProperty("change").ValueKind);
        Assert.DoesNotContain("pa55", rig.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_say_is_shown_without_what_was_given_in_secret()
    {
        await using var rig = new ToolRig { OfBroker = [Finding.Ok("broker", "redis is a word, also where it is a password")] };
        rig.Wrap = ledger => new LoudLedger(ledger);
        Assert.Equal(1, await rig.RunRawAsync(["doctor", "--publisher-id", "plant-7", "--ledger", "redis://:redis@host", .. Broker]));
        Assert.Contains("the ledger of 'plant-7' cannot be read: AUTH *** failed", rig.Out, StringComparison.Ordinal);
        Assert.Contains("redis is a word", rig.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_asks_with_a_client_id_of_its_own_and_for_what_the_publisher_asks()
    {
        await using var rig = new ToolRig();
        await rig.RunAsync(["doctor", .. Broker]);
        var first = rig.Asked!;
        Assert.StartsWith("reliable-mqtt-doctor-", first.ClientId, StringComparison.Ordinal);
        Assert.Equal((true, 604_800u, 0), (first.IsMqtt5, first.ExpirySeconds, first.Topics.Count));
        await rig.RunAsync(["doctor", .. Broker]);
        Assert.NotEqual(first.ClientId, rig.Asked!.ClientId);

        await rig.RunAsync(["doctor", .. Broker, "--mqtt", "3.1.1", "--client-id", "looker", "--session-expiry", "12h", "--topic", "a", "--topic", "b/c"]);
        Assert.Equal(("looker", false, 43_200u), (rig.Asked!.ClientId, rig.Asked.IsMqtt5, rig.Asked.ExpirySeconds));
        Assert.Equal(["a", "b/c"], rig.Asked.Topics);
    }

    [Fact]
    public async Task Addresses_may_come_from_the_environment_and_what_has_none_is_not_looked_at()
    {
        await using var rig = new ToolRig { OfBroker = [Finding.Ok("broker", "fine")] };
        await rig.OpenAsync();
        Assert.Equal(0, await rig.RunAsync("doctor", "--json"));
        Assert.Equal("broker warning not looked at: no address was given", Said(rig, 0));
        rig.Variables["RELIABLE_MQTT_BROKER"] = "mqtt://user:pa55@broker.example";
        Assert.Equal(0, await rig.RunRawAsync("doctor", "--json", "--publisher-id", "plant-7"));
        Assert.Equal(["broker ok fine", "ledger warning not looked at: no address was given"], [Said(rig, 0), Said(rig, 1)]);
        rig.Variables["RELIABLE_MQTT_BROKER"] = "nonsense-pa55";
        Assert.Equal(ExitCode.BadUsage, await rig.RunRawAsync("doctor", "--publisher-id", "plant-7"));
        Assert.Contains("There is no such broker", rig.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("pa55", rig.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.BadUsage, await rig.RunAsync("doctor", "--broker", "mqtt://host", "--broker-ca", "/no/such/file.pem"));
        Assert.Contains("cannot be read", rig.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_in_the_ledger_is_told_and_left_as_it_is()
    {
        await using var rig = new ToolRig();
        var owner = await rig.KillAsync(("a", "t", DeadLetterCause.Rejected, 0x87, TimeSpan.Zero));
        await owner.Ledger.AcceptAsync([rig.Message("waits")], TestContext.Current.CancellationToken);
        rig.Clock.Advance(TimeSpan.FromMinutes(6));
        var before = await owner.Ledger.GetStatisticsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await rig.RunAsync(["doctor", "--json", .. Broker]));
        Assert.Equal(["ledger ok", "lease warning", "oldest-pending warning", "dead-letters warning", "quarantine ok"], rig.Json().GetProperty("findings").EnumerateArray()
            .Select(finding => $"{finding.GetProperty("check").GetString()} {finding.GetProperty("level").GetString()}"));
        Assert.Contains("1 messages wait", rig.Out, StringComparison.Ordinal);
        Assert.Equal(before, await owner.Ledger.GetStatisticsAsync(TestContext.Current.CancellationToken));
        Assert.Equal(LeaseStatus.Held, (await owner.Ledger.RenewAsync(owner.Epoch, TestContext.Current.CancellationToken)).Status);
    }

    [Fact]
    public async Task A_ledger_that_is_not_there_is_a_warning_and_is_not_made()
    {
        await using var rig = new ToolRig();
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(0, await rig.RunAsync(["doctor", "--json", .. Broker]));
            Assert.Equal("ledger warning there is no ledger of publisher id 'plant-7'", Said(rig, 0));
        }
    }

    [Fact]
    public async Task A_store_that_is_not_reached_is_told_once()
    {
        await using var rig = new ToolRig { Wrap = _ => throw new InvalidOperationException("The ledger was touched."), OfStore = [Finding.Problem("redis", "down", "why", "start it")] };
        Assert.Equal(1, await rig.RunAsync(["doctor", "--json", .. Broker]));
        Assert.Equal("redis problem down", Said(rig, 0));
        Assert.Equal(1, rig.Json().GetProperty("findings").GetArrayLength());
    }

    [Fact]
    public async Task A_ledger_that_never_answers_is_waited_for_for_a_while_only()
    {
        await using var rig = new ToolRig();
        rig.Wrap = ledger => new MuteLedger(ledger, rig.Clock);
        Assert.Equal(1, await rig.RunAsync(["doctor", "--json", .. Broker]));
        Assert.Equal("ledger problem the ledger of 'plant-7' cannot be read: no answer within 15 s", Said(rig, 0));
    }

    private sealed class LoudLedger(AckLedger inner) : DelegatingLedger(inner)
    {
        public override ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken) => throw new LedgerUnavailableException("AUTH redis failed", null);
    }

    private sealed class MuteLedger(AckLedger inner, FakeTimeProvider clock) : DelegatingLedger(inner)
    {
        public override async ValueTask<LedgerDurability> OpenAsync(LedgerOpenOptions options, CancellationToken cancellationToken)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            throw new InvalidOperationException("It was waited for longer.");
        }
    }

    private static string Said(ToolRig rig, int index)
    {
        var finding = rig.Json().GetProperty("findings")[index];
        return $"{finding.GetProperty("check").GetString()} {finding.GetProperty("level").GetString()} {finding.GetProperty("what").GetString()}";
    }
}
