using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tool.Tests;

/// <summary><c>replay</c> and <c>purge</c>: by ids, by filter, bounded, counted, and asked about.</summary>
public class ReplayAndPurgeTests
{
    private static readonly (string, string, DeadLetterCause, byte?, TimeSpan)[] Four =
    [
        ("a", "plant/7/alarm", DeadLetterCause.Rejected, 0x87, TimeSpan.FromDays(3)),
        ("b", "plant/7/state", DeadLetterCause.Rejected, 0x97, TimeSpan.FromHours(3)),
        ("c", "plant/8/alarm", DeadLetterCause.SessionLost, null, TimeSpan.FromMinutes(3)),
        ("d", "plant/8/state", DeadLetterCause.BrokerLimit, null, TimeSpan.FromSeconds(3)),
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Selections => new()
    {
        { "--all", "a b c d" },
        { "--topic plant/+/alarm", "a c" },
        { "--topic plant/7/#", "a b" },
        { "--cause rejected", "a b" },
        { "--cause broker-limit", "d" },
        { "--reason-code 0x97", "b" },
        { "--reason-code 135", "a" },
        { "--older-than 2d", "a" },
        { "--older-than 2h", "a b" },
        { "--older-than 2m", "a b c" },
        { "--older-than 2s", "a b c d" },
        { "--cause rejected --topic +/+/state", "b" },
        { "c a", "a c" },
        { "c c", "c" },
    };

    [Theory]
    [MemberData(nameof(Selections))]
    public async Task A_selection_is_replayed_and_the_rest_stays(string selection, string ids)
    {
        await using var rig = new ToolRig();
        var owner = await rig.KillAsync(Four);
        var chosen = ids.Split(' ');
        Assert.Equal(ExitCode.Success, await rig.RunAsync(["replay", .. selection.Split(' ')]));
        Assert.Equal($"replayed={chosen.Length} already-live=0 not-found=0 full=0\n", rig.Out);
        Assert.Equal(Four.Select(letter => letter.Item1).Except(chosen), await rig.DeadIdsAsync());
        var backlog = (await owner.Ledger.ReadBacklogAsync(0, 10, Cancel)).Select(record => record.MessageId.Value).ToList();
        Assert.Equal(selection == "c a" ? ["c", "a"] : chosen, backlog);
    }

    [Theory]
    [MemberData(nameof(Selections))]
    public async Task A_selection_is_purged_and_the_rest_stays(string selection, string ids)
    {
        await using var rig = new ToolRig();
        await rig.KillAsync(Four);
        var chosen = ids.Split(' ');
        Assert.Equal(ExitCode.Success, await rig.RunAsync(["purge", "--yes", "--json", .. selection.Split(' ')]));
        Assert.Equal((chosen.Length, 0), (rig.Json().GetProperty("purged").GetInt32(), rig.Json().GetProperty("notFound").GetInt32()));
        Assert.Equal(Four.Select(letter => letter.Item1).Except(chosen), await rig.DeadIdsAsync());
        await rig.RunAsync(["receipt", "--json", .. chosen]);
        Assert.All(rig.Json().GetProperty("receipts").EnumerateArray(), receipt => Assert.Equal("purged", receipt.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task What_matches_nothing_or_is_refused_is_1_and_counted()
    {
        await using var rig = new ToolRig();
        var owner = await rig.KillAsync(Four);
        await owner.SendAsync(20, rig.Message("live"));
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("replay", "--topic", "nowhere"));
        Assert.Equal("replayed=0 already-live=0 not-found=0 full=0\n", rig.Out);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("replay", "a", "live", "never"));
        Assert.Equal("replayed=1 already-live=1 not-found=1 full=0\n", rig.Out);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("replay", "--all", "--max-pending", "3", "--json"));
        Assert.Equal((1, 2), (rig.Json().GetProperty("replayed").GetInt32(), rig.Json().GetProperty("full").GetInt32()));
        Assert.Equal(0, rig.Json().GetProperty("alreadyLive").GetInt32());
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("replay", "--all", "--max-pending-bytes", "1"));
        Assert.Equal("replayed=0 already-live=0 not-found=0 full=2\n", rig.Out);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("purge", "never", "live"));
        Assert.Equal("purged=0 not-found=2\n", rig.Out);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("purge", "--topic", "nowhere", "--yes"));
    }

    [Fact]
    public async Task A_message_that_dies_again_at_once_is_not_replayed_again()
    {
        await using var rig = new ToolRig();
        var owner = await rig.KillAsync([.. Enumerable.Range(0, 120).Select(i => ($"m{i}", "t", DeadLetterCause.Rejected, (byte?)0x80, TimeSpan.Zero))]);
        var replays = 0;
        rig.Wrap = ledger => new FakeLedger(ledger)
        {
            AfterReplay = async (_, id) =>
            {
                Assert.True(++replays <= 120);
                var record = Assert.Single(await owner.Ledger.ReadBacklogAsync(0, 10, Cancel));
                Assert.Equal(id, record.MessageId);
                owner.Tail = record.Sequence;
                await owner.CommitAsync(commit => commit with { Drops = [new DropOp(record.Sequence, id, new DeadLetterReason(DeadLetterCause.Rejected, 0x80))] });
            },
        };
        Assert.Equal(ExitCode.Success, await rig.RunAsync("replay", "--all"));
        Assert.Equal("replayed=120 already-live=0 not-found=0 full=0\n", rig.Out);
        Assert.Equal(Enumerable.Range(0, 120).Select(i => $"m{i}"), await rig.DeadIdsAsync());
    }

    [Theory]
    [InlineData("y", true)]
    [InlineData(" YES ", true)]
    [InlineData("n", false)]
    [InlineData("", false)]
    [InlineData("yy", false)]
    public async Task Without_ids_a_purge_asks_whoever_is_there(string answer, bool agrees)
    {
        await using var rig = new ToolRig { Answer = answer };
        await rig.KillAsync(Four);
        Assert.Equal(agrees ? ExitCode.Success : ExitCode.NotFound, await rig.RunAsync("purge", "--cause", "rejected"));
        Assert.Equal("Throw away 2 dead letters of plant-7 for good? [y/N] ", rig.Error);
        Assert.Equal(agrees ? "purged=2 not-found=0\n" : "", rig.Out);
        Assert.Equal(agrees ? 2 : 4, (await rig.DeadIdsAsync()).Length);
        Assert.Equal(ExitCode.NotFound, await rig.RunAsync("purge", "--topic", "nowhere"));
        Assert.Equal("No dead letter matches.\n", rig.Error);
    }

    [Fact]
    public async Task Ids_are_purged_without_a_question()
    {
        await using var rig = new ToolRig();
        await rig.KillAsync(Four);
        Assert.Equal(ExitCode.Success, await rig.RunAsync("purge", "b"));
        Assert.Equal(("purged=1 not-found=0\n", ""), (rig.Out, rig.Error));
    }

    [Fact]
    public async Task When_the_ledger_fails_in_the_middle_what_was_done_is_counted()
    {
        await using var rig = new ToolRig();
        await rig.KillAsync(Four);
        rig.Wrap = ledger => new FakeLedger(ledger) { BeforePurge = id => id == "c" ? throw new LedgerUnavailableException("gone") : Task.CompletedTask };
        Assert.Equal(ExitCode.Unreachable, await rig.RunAsync("purge", "--all", "--yes"));
        Assert.Equal(("purged=2 not-found=0\n", "The ledger cannot be reached: gone\n"), (rig.Out, rig.Error));
        Assert.Equal(["c", "d"], await rig.DeadIdsAsync());
    }
}
