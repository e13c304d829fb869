using System.Globalization;

namespace ReliableMqtt.Mutation;

/// <summary>Which classes of tests come to which mutant, and in which order they are asked: the quick ones together, then the slow ones each alone.</summary>
internal sealed class TestPlan
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(2.5);

    // These read the repository, which is not as it is committed, or try the tests themselves.
    private static readonly string[] Without = ["ReliableMqtt.Tests.Architecture.", "ReliableMqtt.Tests.Docs.", "ReliableMqtt.Tests.Conformance.", "ReliableMqtt.Tests.Torture."];

    // These have tasks and deadlines, and might fail by bad luck on a busy machine: what only they kill, they must kill twice.
    private static readonly string[] Timed = ["ReliableMqtt.Tests.Dispatch.", "ReliableMqtt.Tests.Mqtt.", "ReliableMqtt.Tests.Concurrency.", "ReliableMqtt.Tests.Redis."];

    private static readonly string[] InOneProcess = ["ReliableMqtt.Tests.Session.", "ReliableMqtt.Tests.Ledger."];

    private readonly TestProgram _program;
    private readonly bool _onlyQuick;
    private readonly List<TestClass> _classes;

    private TestPlan(TestProgram program, bool onlyQuick, IEnumerable<TestClass> classes) => (_program, _onlyQuick, _classes) = (program, onlyQuick, [.. classes.OrderBy(tests => tests.Time)]);

    /// <summary>Runs each class once without a mutant, which must pass.</summary>
    /// <param name="program">The tests.</param>
    /// <param name="jobs">How many processes at once.</param>
    /// <param name="onlyQuick">Leave out the slow ones: what then lives is a question, not an answer.</param>
    /// <param name="stop">Ends all.</param>
    public static async Task<TestPlan> MeasureAsync(TestProgram program, int jobs, bool onlyQuick, CancellationToken stop)
    {
        var names = (await program.ListClassesAsync(stop)).Where(name => !StartsWith(name, Without)).ToList();
        var measured = new TestClass[names.Count];
        await Parallel.ForAsync(0, names.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = stop }, async (i, cancel) =>
        {
            var reached = Path.GetTempFileName();
            var (fate, time) = await program.RunAsync([names[i]], TestProgram.None, TimeSpan.FromMinutes(5), reached, cancel);
            if (fate != Fate.Survived) throw new InvalidOperationException($"{names[i]} fails without any mutant.");
            measured[i] = new TestClass(names[i], time, (await File.ReadAllLinesAsync(reached, cancel)).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet());
            File.Delete(reached);
        });
        return new TestPlan(program, onlyQuick, measured.Where(tests => tests.Reached.Count > 0));
    }

    public override string ToString() => $"{_classes.Count} classes of tests come to a mutant; slow: {string.Join(", ", _classes.Where(tests => tests.Time > Quick).Select(tests => string.Create(CultureInfo.InvariantCulture, $"{tests.ShortName} {tests.Time.TotalSeconds:0.0} s")))}";

    /// <summary>Those that one process can run for one mutant after the other.</summary>
    public IEnumerable<string> Host => _classes.Where(IsOfHost).Select(tests => tests.Name);

    /// <summary>Those of them that come to this mutant.</summary>
    public IEnumerable<string> HostFor(Mutant mutant) => _classes.Where(tests => IsOfHost(tests) && tests.Reached.Contains(mutant.Id)).Select(tests => tests.Name);

    /// <summary>The planted mutant with the quick tests of the session, as any other of the session would be tried first.</summary>
    public Task<Fate> TryPlantedAsync(CancellationToken stop) =>
        RunAsync([.. _classes.Where(tests => tests.Time <= Quick && StartsWith(tests.Name, ["ReliableMqtt.Tests.Session."]))], TestProgram.Planted, stop);

    /// <summary>What becomes of a mutant in processes of its own, and of whose doing.</summary>
    public async Task<(Fate Fate, string By)> TryAsync(Mutant mutant, CancellationToken stop)
    {
        var reaching = _classes.Where(tests => tests.Reached.Contains(mutant.Id)).ToList();
        if (reaching.Count == 0) return (Fate.NotReached, "");
        if (_onlyQuick) reaching.RemoveAll(tests => tests.Time > Quick);
        foreach (var group in reaching.GroupBy(Step).OrderBy(group => group.Key.Place))
        {
            var tests = group.ToList();
            var fate = await RunAsync(tests, mutant.Id, stop);
            if (fate != Fate.Survived && tests.Any(IsTimed)) fate = await RunAsync(tests, mutant.Id, stop);
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

    private static bool IsOfHost(TestClass tests) => tests.Time <= Quick && StartsWith(tests.Name, InOneProcess);

    private static bool IsTimed(TestClass tests) => StartsWith(tests.Name, Timed);

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
