using System.Globalization;
using ReliableMqtt.Tests.Simulation.Engine;

namespace ReliableMqtt.Tests.Simulation;

/// <summary>Several processes with the real pump, session and ownership; their broker, ledger, network and clock simulated on one thread. See docs/testing.md.</summary>
public class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Fewer where the tests are run very often: see docs/testing.md, Mutations.</summary>
    private static readonly int SeedsInOneRun = Environment.GetEnvironmentVariable("RELIABLEMQTT_SEEDS") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 10_000;

    private const int SeedsForBugs = 2_000;

    [Fact]
    public void Every_promise_holds_in_every_run()
    {
        var first = FirstSeed();
        var batch = SimBatch.Run(first, SeedsInOneRun);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"From seed {first} on: {batch.Summary}"));
        if (batch.Found.Count > 0) Assert.Fail($"{batch.Summary}\n{SimBatch.Explain(batch.Found[0].Seed)}");
        Assert.All(Enum.GetValues<FaultKind>().Except([FaultKind.Save, FaultKind.GoBack]), kind => Assert.True(batch.Faults.GetValueOrDefault(kind) > SeedsInOneRun / 100, $"{kind} has hardly happened"));
    }

    [Theory]
    [InlineData(120_894_903)] // What could not be sent was put aside in memory only when what was behind it left.
    [InlineData(551_857_029)] // What had not left yet overtook what had to leave again after the loss of a session.
    [InlineData(774_734_180)] // Whoever took a message back that an earlier commit may have stored was left waiting, by the simulation itself.
    public void Every_promise_holds_where_it_once_did_not(int seed) => Assert.Null(SimRun.Execute(SimPlanner.Make(seed)).Violation);

    [Theory]
    [InlineData(500_000_000, 2_000)]
    [InlineData(500_003_824, 1)] // What these had found, here and in the checks, is put right.
    [InlineData(500_009_609, 1)]
    [InlineData(700_026_194, 1)]
    [InlineData(700_034_645, 1)]
    [InlineData(910_014_662, 1)]
    public void Every_promise_holds_where_the_store_loses_writes(int first, int seeds)
    {
        seeds = Math.Min(seeds, SeedsInOneRun);
        var batch = SimBatch.Run(first, seeds, losesWrites: true);
        output.WriteLine(batch.Summary);
        if (batch.Found.Count > 0) Assert.Fail($"{batch.Summary}\n{SimBatch.Explain(batch.Found[0].Seed, losesWrites: true)}");
        if (seeds > 1) Assert.True(batch.Faults.GetValueOrDefault(FaultKind.GoBack) > seeds / 40, "the store has hardly lost anything");
    }

    [Fact]
    public void A_seed_is_the_same_run_each_time()
    {
        var first = FirstSeed();
        for (var seed = first; seed < first + 50; seed++)
        {
            var once = SimRun.Execute(SimPlanner.Make(seed));
            var again = SimRun.Execute(SimPlanner.Make(seed), keepsText: true);
            Assert.True(once.Hash == again.Hash && once.Steps == again.Steps, $"seed {seed} has two traces");
        }
    }

    [Fact]
    public void Different_seeds_are_different_runs() =>
        Assert.Equal(100, Enumerable.Range(FirstSeed(), 100).Select(seed => SimRun.Execute(SimPlanner.Make(seed)).Hash).Distinct().Count());

    [Theory]
    [InlineData(nameof(PlantedBug.ReleasesBeforeStoring))]
    [InlineData(nameof(PlantedBug.ForgetsReleases))]
    [InlineData(nameof(PlantedBug.RestartsPacketIds))]
    [InlineData(nameof(PlantedBug.AcceptsUnstored))]
    [InlineData(nameof(PlantedBug.ResendsWhileConnected))]
    public void A_planted_bug_is_found_and_its_run_made_short(string name)
    {
        var bug = Enum.Parse<PlantedBug>(name);
        var batch = SimBatch.Run(FirstSeed(), SeedsForBugs, bug, stopsAtFirst: true);
        Assert.True(batch.Found.Count > 0, $"{bug} was not found in {batch.Summary}");
        var (seed, violation) = batch.Found[0];
        var plan = SimPlanner.Make(seed);
        var shorter = Shrinker.Shrink(plan, bug);
        output.WriteLine($"{bug}: seed {seed}: {violation}\n{shorter.Publishes.Count} of {plan.Publishes.Count} messages and {shorter.Faults.Count} of {plan.Faults.Count} faults are enough");
        Assert.NotNull(SimRun.Execute(shorter, bug).Violation);
        Assert.True(shorter.Publishes.Count < plan.Publishes.Count, "nothing could be left out");
    }

    private static int FirstSeed() => Environment.GetEnvironmentVariable("RELIABLEMQTT_SEED") is { } given
        ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next(1, 1_000_000_000);
}
