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

    public required IReadOnlyList<string> Directories { get; init; }

    public required int Jobs { get; init; }

    /// <summary>Parts of the names of the files; none for all.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    public required double Least { get; init; }

    /// <summary>Where to go on from, and to leave what the next run can go on from; null for neither.</summary>
    public string? Folder { get; init; }

    /// <summary>Leave out the slow tests.</summary>
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
            var before = new KilledBefore(Folder is null ? null : Path.Combine(folder, "killed.txt"), library.Code);
            var program = new TestProgram(library.TestProgram);
            var plan = await TestPlan.MeasureAsync(program, Jobs, OnlyQuick, stop);
            Console.WriteLine(plan);
            if (await plan.TryPlantedAsync(stop) is var planted && planted != Fate.Killed) throw new InvalidOperationException($"The planted mutant {planted}: the score would mean nothing.");
            Console.WriteLine($"The planted mutant is killed. Killed before: {before.Count}");

            var mutants = library.Mutants.Where(mutant => Files.Count == 0 || Files.Any(part => mutant.File.Contains(part, StringComparison.OrdinalIgnoreCase))).ToList();
            _all = mutants.Count;
            var isJustified = mutants.Where(mutant => justified.Contains(mutant.Key)).ToHashSet();
            foreach (var mutant in mutants)
                if (before.TryGet(mutant, out var how)) Take(mutant, how.Fate, how.By, isJustified);
            var next = new ConcurrentQueue<Mutant>(mutants.Where(mutant => !_fates.ContainsKey(mutant)));
            await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = Jobs, CancellationToken = stop }, async (_, cancel) =>
            {
                // A justified one is tried as well: a test that kills it makes the reason untrue.
                using var host = new TestHost(program, [.. plan.Host]);
                while (next.TryDequeue(out var mutant))
                {
                    string[] reaching = [.. plan.HostFor(mutant)];
                    if (reaching.Length > 0) await host.TryAsync(mutant, reaching, cancel);
                    else host.Settled.Add((mutant, Fate.Survived));
                    if (next.IsEmpty) await host.SettleAsync(cancel);
                    foreach (var (settled, first) in host.Settled)
                    {
                        var (fate, by) = first is Fate.Killed or Fate.TimedOut ? (first, "quick tests") : await plan.TryAsync(settled, cancel);
                        if (fate is Fate.Killed or Fate.TimedOut) before.Add(settled, fate, by);
                        Take(settled, fate, by, isJustified);
                    }

                    host.Settled.Clear();
                }
            });
            return Report.Tell(_fates, _begun.Elapsed, Least);
        }
        finally
        {
            if (Folder is null) Directory.Delete(folder, recursive: true);
        }
    }

    private void Take(Mutant mutant, Fate fate, string by, HashSet<Mutant> justified)
    {
        var isJustified = justified.Contains(mutant);
        if (isJustified && fate is Fate.Killed or Fate.TimedOut) Console.WriteLine($"Justified, but {fate} by {by}: {mutant.Key}");
        if (isJustified && fate is Fate.Survived or Fate.NotReached) fate = Fate.Justified;
        _fates[mutant] = (fate, by);
        if (fate is Fate.Survived or Fate.NotReached or Fate.TimedOut) Console.WriteLine($"{fate}: {mutant}");
        if (_fates.Count % TellAfter == 0) Console.WriteLine($"  {_fates.Count} of {_all} after {_begun.Elapsed.TotalSeconds:0} s");
    }
}
