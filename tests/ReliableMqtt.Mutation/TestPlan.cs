using System.Diagnostics;
using System.Globalization;

namespace ReliableMqtt.Mutation;

/// <summary>Which classes of tests come to which mutant, and in which order they are asked: the quick ones together, then the slow ones each alone.</summary>
internal sealed class TestPlan
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(2);

    // These read the repository, which is not as it is committed, or try the tests themselves.
    private static readonly string[] Without = ["ReliableMqtt.Tests.Architecture.", "ReliableMqtt.Tests.Docs.", "ReliableMqtt.Tests.Conformance.", "ReliableMqtt.Tests.Torture."];

    // These have tasks and deadlines, and might fail by bad luck on a busy machine: what only they kill, they must kill twice.
    private static readonly string[] Timed = ["ReliableMqtt.Tests.Dispatch.", "ReliableMqtt.Tests.Mqtt.", "ReliableMqtt.Tests.Concurrency."];

    private readonly TestProgram _program;
    private readonly List<TestClass> _classes;

    private TestPlan(TestProgram program, IEnumerable<TestClass> classes) => (_program, _classes) = (program, [.. classes.OrderBy(tests => tests.Time)]);

    /// <summary>Runs each class once without a mutant, which must pass.</summary>
    public static async Task<TestPlan> MeasureAsync(TestProgram program, int jobs, CancellationToken stop)
    {
        var names = (await program.ListClassesAsync(stop)).Where(name => !Without.Any(start => name.StartsWith(start, StringComparison.Ordinal))).ToList();
        var measured = new TestClass[names.Count];
        await Parallel.ForAsync(0, names.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = stop }, async (i, cancel) =>
        {
            var reached = Path.GetTempFileName();
            var begun = Stopwatch.GetTimestamp();
            if (await program.RunAsync([names[i]], TestProgram.None, TimeSpan.FromMinutes(10), reached, cancel) != Fate.Survived) throw new InvalidOperationException($"{names[i]} fails without any mutant.");
            measured[i] = new TestClass(names[i], Stopwatch.GetElapsedTime(begun), (await File.ReadAllLinesAsync(reached, cancel)).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet());
            File.Delete(reached);
        });
        return new TestPlan(program, measured.Where(tests => tests.Reached.Count > 0));
    }

    public override string ToString() => $"{_classes.Count} classes of tests come to a mutant; slow: {string.Join(", ", _classes.Where(tests => tests.Time > Quick).Select(tests => string.Create(CultureInfo.InvariantCulture, $"{tests.ShortName} {tests.Time.TotalSeconds:0.0} s")))}";

    /// <summary>The planted mutant with the quick tests of the session, as any other of the session would be tried first.</summary>
    public Task<Fate> TryPlantedAsync(CancellationToken stop) =>
        RunAsync([.. _classes.Where(tests => tests.Time <= Quick && tests.Name.StartsWith("ReliableMqtt.Tests.Session.", StringComparison.Ordinal))], TestProgram.Planted, stop);

    /// <summary>What becomes of a mutant, and of whose doing: null where nobody comes to it.</summary>
    public async Task<(Fate Fate, string By)> TryAsync(int mutant, CancellationToken stop)
    {
        var reaching = _classes.Where(tests => tests.Reached.Contains(mutant)).ToList();
        if (reaching.Count == 0) return (Fate.NotReached, "");
        foreach (var group in reaching.GroupBy(Step).OrderBy(group => group.Key.Place))
        {
            var tests = group.ToList();
            var fate = await RunAsync(tests, mutant, stop);
            if (fate != Fate.Survived && tests.Any(IsTimed)) fate = await RunAsync(tests, mutant, stop);
            if (fate != Fate.Survived) return (fate, group.Key.Name);
        }

        return (Fate.Survived, "");
    }

    private static (TimeSpan Place, string Name) Step(TestClass tests) => tests switch
    {
        { } when tests.Time > Quick => (tests.Time, tests.ShortName),
        { } when IsTimed(tests) => (TimeSpan.FromTicks(1), "quick tests with tasks"),
        _ => (TimeSpan.Zero, "quick tests"),
    };

    private static bool IsTimed(TestClass tests) => Timed.Any(start => tests.Name.StartsWith(start, StringComparison.Ordinal));

    private Task<Fate> RunAsync(List<TestClass> tests, int mutant, CancellationToken stop)
    {
        // Far more than they need, also when the machine has become busy since they were measured.
        var patience = (5 * tests.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Time)) + TimeSpan.FromSeconds(30);
        return _program.RunAsync(tests.Select(one => one.Name), mutant, patience, null, stop);
    }

    private sealed record TestClass(string Name, TimeSpan Time, HashSet<int> Reached)
    {
        public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];
    }
}
