using System.Text.Json;
using ReliableMqtt.Ledger;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Tool.Tests;

/// <summary><c>watch</c>, with a clock that the test moves between the looks.</summary>
public class WatchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_have_counts_and_the_rates_between_two_looks()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        var sent = await owner.SendAsync(1, rig.Message(), rig.Message());
        rig.Meanwhile = async () =>
        {
            await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
            await owner.Ledger.AcceptAsync([.. Enumerable.Range(0, 10).Select(_ => rig.Message())], Cancel);
            await owner.ConfirmAsync(sent[0], 1);
            await owner.DeadLetterAsync(sent[1], 2);
            rig.Meanwhile = async () => await owner.Ledger.ReleaseAsync(owner.Epoch, Cancel);
        };
        Assert.Equal(ExitCode.Success, await rig.RunAsync("watch", "--count", "3", "--interval", "4"));
        Assert.Equal("""
            2030-01-01 12:00:00Z plant-7 pending=2 in-flight=2 backlog=0 dead-lettered=0 oldest=0s accepted/s=- finished/s=- durability=process lease=held owner=a ledger object on this store
            2030-01-01 12:00:04Z plant-7 pending=10 in-flight=0 backlog=10 dead-lettered=1 oldest=0s accepted/s=2.5 finished/s=0.5 durability=process lease=held owner=a ledger object on this store
            2030-01-01 12:00:08Z plant-7 pending=10 in-flight=0 backlog=10 dead-lettered=1 oldest=4s accepted/s=0 finished/s=0 durability=process lease=free owner=nobody

            """, rig.Out);
        Assert.Equal("", rig.Error);
    }

    [Fact]
    public async Task Scripts_get_an_object_a_line()
    {
        await using var rig = new ToolRig();
        var owner = await rig.OwnAsync();
        rig.Meanwhile = async () => await owner.SendAsync(1, rig.Message());
        Assert.Equal(ExitCode.Success, await rig.RunAsync("watch", "--count", "2", "--json"));
        var looks = rig.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(2, looks.Count);
        Assert.Equal(JsonValueKind.Null, looks[0].GetProperty("acceptedPerSecond").ValueKind);
        var last = looks[1];
        Assert.Equal(("plant-7", 1, 1, 0, 0), (last.GetProperty("publisherId").GetString(), last.GetProperty("pending").GetInt32(), last.GetProperty("inFlight").GetInt32(),
            last.GetProperty("backlog").GetInt32(), last.GetProperty("deadLetters").GetInt32()));
        Assert.Equal((0.5, 0, 0), (last.GetProperty("acceptedPerSecond").GetDouble(), last.GetProperty("finishedPerSecond").GetDouble(), last.GetProperty("oldestAgeSeconds").GetDouble()));
        Assert.Equal(("held", "process"), (last.GetProperty("lease").GetString(), last.GetProperty("durability").GetString()));
        Assert.Equal(rig.Clock.GetUtcNow(), last.GetProperty("at").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_terminal_gets_a_table_that_is_drawn_over_the_one_before()
    {
        await using var rig = new ToolRig { Width = 200 };
        await rig.OpenAsync();
        Assert.Equal(ExitCode.Success, await rig.RunAsync("watch", "--count", "2"));
        var screens = rig.Out.Split("\u001b[6F\u001b[J");
        Assert.Equal(2, screens.Length);
        Assert.Equal("2030-01-01 12:00:00Z  (Ctrl-C ends it)", screens[0].Split('\n')[0]);
        Assert.Equal("2030-01-01 12:00:02Z  (Ctrl-C ends it)", screens[1].Split('\n')[0]);
        Assert.All(screens, screen => Assert.Contains("│ plant-7      │       0 │", screen, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Several_publisher_ids_are_watched_together()
    {
        await using var rig = new ToolRig();
        await using var other = new InMemoryAckLedger(rig.Store);
        await other.OpenAsync(new LedgerOpenOptions { PublisherId = "plant-8", TimeProvider = rig.Clock }, Cancel);
        await rig.OpenAsync();
        Assert.Equal(ExitCode.Success, await rig.RunAsync("watch", "--count", "2", "--publisher-id", "plant-8"));
        Assert.Equal(["plant-8", "plant-7", "plant-8", "plant-7"], rig.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[2]));
    }

    [Fact]
    public async Task A_store_that_is_silent_for_a_while_is_told_and_asked_again()
    {
        Exception? trouble = null;
        await using var rig = new ToolRig();
        await rig.OpenAsync();
        rig.Wrap = ledger => new FlakyLedger(ledger, () => trouble);
        rig.Meanwhile = () => Become(new LedgerUnavailableException("no answer\u001b from redis://:pa55@host", null));
        Assert.Equal(ExitCode.Unreachable, await rig.RunRawAsync("watch", "--count", "2", "--publisher-id", "plant-7", "--ledger", "redis://:pa55@host"));
        Assert.EndsWith("2030-01-01 12:00:02Z plant-7 error=no answer\\u001B from ***\n", rig.Out, StringComparison.Ordinal);

        rig.Meanwhile = () => Become(null);
        Assert.Equal(ExitCode.Success, await rig.RunAsync("watch", "--count", "2", "--json"));
        var looks = rig.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal((JsonValueKind.Null, JsonValueKind.String), (looks[0].GetProperty("pending").ValueKind, looks[0].GetProperty("error").ValueKind));
        Assert.Equal(0, looks[1].GetProperty("pending").GetInt32());

        rig.Meanwhile = () => Become(new LedgerNotFoundException("gone"));
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("watch", "--count", "2"));

        Task Become(Exception? next)
        {
            trouble = next;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Ctrl_C_ends_it_with_130()
    {
        await using var rig = new ToolRig { Meanwhile = () => throw new OperationCanceledException() };
        await rig.OpenAsync();
        Assert.Equal(ExitCode.Interrupted, await rig.RunAsync("watch"));
        Assert.Single(rig.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private sealed class FlakyLedger(AckLedger inner, Func<Exception?> trouble) : DelegatingLedger(inner)
    {
        private readonly AckLedger _inner = inner;

        public override ValueTask<LedgerStatistics> GetStatisticsAsync(CancellationToken cancellationToken) =>
            trouble() is { } error ? throw error : _inner.GetStatisticsAsync(cancellationToken);
    }
}
