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

    public required IReadOnlyList<string> Directories { get; init; }

    public required int Jobs { get; init; }

    /// <summary>Parts of the names of the files; none for all.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    public required double Least { get; init; }

    /// <summary>Where to go on from, and to leave what the next run can go on from; null for neither.</summary>
    public string? Folder { get; init; }

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
            var plan = await TestPlan.MeasureAsync(new TestProgram(library.TestProgram), Jobs, stop);
            Console.WriteLine(plan);
            if (await plan.TryPlantedAsync(stop) is var planted && planted != Fate.Killed) throw new InvalidOperationException($"The planted mutant {planted}: the score would mean nothing.");
            Console.WriteLine($"The planted mutant is killed. Killed before: {before.Count}");

            var mutants = library.Mutants.Where(mutant => Files.Count == 0 || Files.Any(part => mutant.File.Contains(part, StringComparison.OrdinalIgnoreCase))).ToList();
            await Parallel.ForEachAsync(mutants, new ParallelOptions { MaxDegreeOfParallelism = Jobs, CancellationToken = stop }, async (mutant, cancel) =>
            {
                // A justified one is tried as well: a test that kills it makes the reason untrue.
                var (fate, by) = before.TryGet(mutant, out var how) ? how : await plan.TryAsync(mutant.Id, cancel);
                if (fate is Fate.Killed or Fate.TimedOut && how.By is null) before.Add(mutant, fate, by);
                Take(mutant, fate, by, justified.Contains(mutant.Key), mutants.Count);
            });
            return Report.Tell(_fates, _begun.Elapsed, Least);
        }
        finally
        {
            if (Folder is null) Directory.Delete(folder, recursive: true);
        }
    }

    private void Take(Mutant mutant, Fate fate, string by, bool isJustified, int all)
    {
        if (isJustified && fate is Fate.Killed or Fate.TimedOut) Console.WriteLine($"Justified, but {fate} by {by}: {mutant.Key}");
        if (isJustified && fate is Fate.Survived or Fate.NotReached) fate = Fate.Justified;
        _fates[mutant] = (fate, by);
        if (fate is Fate.Survived or Fate.NotReached or Fate.TimedOut) Console.WriteLine($"{fate}: {mutant}");
        if (_fates.Count % TellAfter == 0) Console.WriteLine($"  {_fates.Count} of {all} after {_begun.Elapsed.TotalSeconds:0} s");
    }
}
