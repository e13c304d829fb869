using System.Globalization;

namespace ReliableMqtt.Mutation;

/// <summary>Which classes of tests come to which mutant, and in which order they are asked: the quick ones together, then the slow ones each alone.</summary>
internal sealed class TestPlan
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(4);

    // The others test something else, read the repository, which is not as it is committed, or try the tests themselves. The exploration takes long, and the simulation goes its ways.
    private static readonly string[] Asked =
        ["ReliableMqtt.Tests.Session.", "ReliableMqtt.Tests.Ledger.", "ReliableMqtt.Tests.Dispatch.", "ReliableMqtt.Tests.Concurrency.", "ReliableMqtt.Tests.Simulation.SimulationTests", "ReliableMqtt.Tests.DeadLetterBoxTests"];

    private readonly TestProgram _program;
    private readonly List<TestClass> _classes;

    private TestPlan(TestProgram program, IEnumerable<TestClass> classes) => (_program, _classes) = (program, [.. classes.OrderBy(tests => tests.Time)]);

    /// <summary>Runs each class once without a mutant, which must pass.</summary>
    /// <param name="program">The tests.</param>
    /// <param name="jobs">How many processes at once.</param>
    /// <param name="stop">Ends all.</param>
    public static async Task<TestPlan> MeasureAsync(TestProgram program, int jobs, CancellationToken stop)
    {
        var names = (await program.ListClassesAsync(stop)).Where(name => StartsWith(name, Asked)).ToList();
        var measured = new TestClass[names.Count];
        await Parallel.ForAsync(0, names.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = stop }, async (i, cancel) =>
        {
            var reached = Path.GetTempFileName();
            var (fate, time) = await program.RunAsync([names[i]], TestProgram.None, TimeSpan.FromMinutes(5), reached, cancel);
            if (fate != Fate.Survived) throw new InvalidOperationException($"{names[i]} fails without any mutant.");
            measured[i] = new TestClass(names[i], time, (await File.ReadAllLinesAsync(reached, cancel)).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet());
            File.Delete(reached);
        });
        return new TestPlan(program, measured.Where(tests => tests.Reached.Count > 0));
    }

    public override string ToString() => $"Classes of tests that come to a mutant: {string.Join(", ", _classes.Select(tests => string.Create(CultureInfo.InvariantCulture, $"{tests.ShortName} {tests.Time.TotalSeconds:0.0} s")))}";

    /// <summary>The quick ones of session and ledger.</summary>
    public IReadOnlyList<string> QuickOnes => [.. _classes.Where(IsQuick).Select(tests => tests.Name)];

    /// <summary>All others.</summary>
    public IReadOnlyList<string> SlowOnes => [.. _classes.Where(tests => !IsQuick(tests)).Select(tests => tests.Name)];

    public bool IsReached(Mutant mutant) => _classes.Exists(tests => tests.Reached.Contains(mutant.Id));

    /// <summary>Those of them that come to this mutant.</summary>
    public IReadOnlyList<string> Reaching(Mutant mutant, IReadOnlyList<string> names) => [.. _classes.Where(tests => tests.Reached.Contains(mutant.Id) && names.Contains(tests.Name)).Select(tests => tests.Name)];

    /// <summary>The quick ones of the session with the planted mutant.</summary>
    public Task<Fate> TryPlantedAsync(CancellationToken stop) =>
        RunAsync([.. _classes.Where(tests => IsQuick(tests) && StartsWith(tests.Name, ["ReliableMqtt.Tests.Session."]))], TestProgram.Planted, stop);

    /// <summary>The quick ones that come to a mutant, in a process of their own.</summary>
    public Task<Fate> TryAloneAsync(Mutant mutant, CancellationToken stop) =>
        RunAsync([.. _classes.Where(tests => IsQuick(tests) && tests.Reached.Contains(mutant.Id))], mutant.Id, stop);

    private static bool IsQuick(TestClass tests) => tests.Time <= Quick && StartsWith(tests.Name, ["ReliableMqtt.Tests.Session.", "ReliableMqtt.Tests.Ledger."]);

    private static bool StartsWith(string name, string[] starts) => starts.Any(start => name.StartsWith(start, StringComparison.Ordinal));

    private async Task<Fate> RunAsync(List<TestClass> tests, int mutant, CancellationToken stop)
    {
        var patience = (3 * tests.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Time)) + TimeSpan.FromSeconds(10);
        return (await _program.RunAsync(tests.Select(one => one.Name), mutant, patience, null, stop)).Fate;
    }

    private sealed record TestClass(string Name, TimeSpan Time, HashSet<int> Reached)
    {
        public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];
    }
}
