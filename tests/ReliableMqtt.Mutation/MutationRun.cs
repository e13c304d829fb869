using System.Collections.Concurrent;
using System.Diagnostics;

namespace ReliableMqtt.Mutation;

/// <summary>All mutants, each with the tests that come to it.</summary>
internal sealed class MutationRun
{
    private const string JustifiedFile = "tests/ReliableMqtt.Mutation/justified.txt";
    private const int TellAfter = 50;

    private readonly ConcurrentDictionary<Mutant, (Fate Fate, string By)> _fates = new();
    private readonly Stopwatch _begun = Stopwatch.StartNew();
    private int _all;
    private KilledBefore? _before;
    private HashSet<Mutant> _justified = [];

    public required IReadOnlyList<string> Directories { get; init; }

    public required int Jobs { get; init; }

    /// <summary>Parts of the names of the files; none for all.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    public required double Least { get; init; }

    /// <summary>Where to go on from, and to leave what the next run can go on from; null for neither.</summary>
    public string? Folder { get; init; }

    /// <summary>Only the tests that run in one process: what then lives is a question, not an answer.</summary>
    public bool OnlyQuick { get; init; }

    public async Task<int> ExecuteAsync(CancellationToken stop)
    {
        var root = (await MutatedLibrary.RunAsync("git", ["rev-parse", "--show-toplevel"], ".", stop)).Trim();
        var folder = Folder is null ? Directory.CreateTempSubdirectory("reliable-mqtt-mutation-").FullName : Directory.CreateDirectory(Folder).FullName;
        try
        {
            var library = await MutatedLibrary.BuildAsync(root, folder, Directories, stop);
            Console.WriteLine($"{library.Mutants.Count} mutants; the compiler refused {library.Refused} others");
            var justified = Justified.Read(Path.Combine(root, JustifiedFile), library.Mutants, Directories);
            var before = _before = new KilledBefore(Folder is null ? null : Path.Combine(folder, "killed.txt"), library.Code);
            var program = new TestProgram(library.TestProgram);
            var plan = await TestPlan.MeasureAsync(program, Jobs, stop);
            Console.WriteLine(plan);
            if (await plan.TryPlantedAsync(stop) is var planted && planted != Fate.Killed) throw new InvalidOperationException($"The planted mutant {planted}: the score would mean nothing.");
            Console.WriteLine($"The planted mutant is killed. Killed before: {before.Count}");

            var mutants = library.Mutants.Where(mutant => Files.Count == 0 || Files.Any(part => mutant.File.Contains(part, StringComparison.OrdinalIgnoreCase))).ToList();
            _all = mutants.Count;
            _justified = mutants.Where(mutant => justified.Contains(mutant.Key)).ToHashSet();
            foreach (var mutant in mutants)
                if (before.TryGet(mutant, out var how)) Take(mutant, how.Fate, how.By);
            var rest = mutants.Where(mutant => !_fates.ContainsKey(mutant)).ToList();
            // A justified one is tried as well: a test that kills it makes the reason untrue.
            foreach (var mutant in rest.Where(mutant => !plan.IsReached(mutant))) Take(mutant, Fate.NotReached, "");
            rest = await TryAsync(program, plan, rest.Where(plan.IsReached), plan.QuickOnes, "quick tests", twice: false, stop);
            if (!OnlyQuick) rest = await TryAsync(program, plan, rest, plan.SlowOnes, "slow tests", twice: true, stop);
            await Parallel.ForEachAsync(rest, new ParallelOptions { MaxDegreeOfParallelism = Jobs, CancellationToken = stop }, async (mutant, cancel) =>
                Take(mutant, OnlyQuick ? Fate.Survived : await plan.TryAloneAsync(mutant, cancel), "quick tests alone"));
            return Report.Tell(_fates, _begun.Elapsed, Least);
        }
        finally
        {
            if (Folder is null) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Tries them with these tests, one after the other in one process for each job; the answer are those that live.</summary>
    private async Task<List<Mutant>> TryAsync(TestProgram program, TestPlan plan, IEnumerable<Mutant> mutants, IReadOnlyList<string> tests, string by, bool twice, CancellationToken stop)
    {
        var next = new ConcurrentQueue<Mutant>(mutants);
        var live = new ConcurrentBag<Mutant>();
        await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = Jobs, CancellationToken = stop }, async (_, cancel) =>
        {
            using var host = new TestHost(program, tests);
            while (next.TryDequeue(out var mutant))
            {
                await host.TryAsync(mutant, plan.Reaching(mutant, tests), twice, cancel);
                if (next.IsEmpty) await host.SettleAsync(cancel);
                foreach (var (settled, fate) in host.Settled)
                    if (fate == Fate.Survived) live.Add(settled);
                    else Take(settled, fate, by);
                host.Settled.Clear();
                foreach (var again in host.Again) next.Enqueue(again);
                host.Again.Clear();
            }
        });
        Console.WriteLine($"  {by}: {live.Count} live after {_begun.Elapsed.TotalSeconds:0} s");
        if (Folder is not null) await File.WriteAllLinesAsync(Path.Combine(Folder, "live.txt"), live.OrderBy(mutant => mutant.Id).Select(mutant => mutant.ToString()), stop);
        return [.. live.OrderBy(mutant => mutant.Id)];
    }

    private void Take(Mutant mutant, Fate fate, string by)
    {
        var isJustified = _justified.Contains(mutant);
        if (isJustified && fate is Fate.Killed or Fate.TimedOut) Console.WriteLine($"Justified, but {fate} by {by}: {mutant.Key}");
        if (isJustified && fate is Fate.Survived or Fate.NotReached) fate = Fate.Justified;
        if (fate is Fate.Killed or Fate.TimedOut) _before!.Add(mutant, fate, by);
        _fates[mutant] = (fate, fate is Fate.Killed or Fate.TimedOut ? by : "");
        if (fate is Fate.Survived or Fate.NotReached or Fate.TimedOut) Console.WriteLine($"{fate}: {mutant}");
        if (_fates.Count % TellAfter == 0) Console.WriteLine($"  {_fates.Count} of {_all} after {_begun.Elapsed.TotalSeconds:0} s");
    }
}
