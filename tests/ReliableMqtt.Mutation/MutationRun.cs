using System.Collections.Concurrent;
using System.Diagnostics;

namespace ReliableMqtt.Mutation;

/// <summary>All mutants, first with the quick tests of the folder, and those that live with all tests that could notice.</summary>
internal static class MutationRun
{
    private const string JustifiedFile = "tests/ReliableMqtt.Mutation/justified.txt";

    private static readonly string[] Quick =
    [
        "-namespace", "ReliableMqtt.Tests.Session", "-namespace", "ReliableMqtt.Tests.Ledger", "-class-", "*RollbackTests", "-class-", "*SessionFaultTests",
    ];

    private static readonly string[] All =
    [
        "-namespace", "ReliableMqtt.Tests.Session", "-namespace", "ReliableMqtt.Tests.Ledger", "-namespace", "ReliableMqtt.Tests.Dispatch", "-namespace", "ReliableMqtt.Tests.Simulation*",
    ];

    public static async Task<int> ExecuteAsync(string[] directories, int jobs, string? only, double least, CancellationToken stop)
    {
        var root = (await MutatedLibrary.RunAsync("git", ["rev-parse", "--show-toplevel"], ".", stop)).Trim();
        var justified = (await File.ReadAllLinesAsync(Path.Combine(root, JustifiedFile), stop)).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(" // ")[0].Trim()).ToHashSet();
        var folder = Directory.CreateTempSubdirectory("reliable-mqtt-mutation-").FullName;
        try
        {
            var library = await MutatedLibrary.BuildAsync(root, Path.Combine(folder, "a"), directories, stop);
            Console.WriteLine($"{library.Mutants.Count} mutants; the compiler refused {library.Refused} others");
            // A fault run draws a seed of its own, and would not do the same for each mutant.
            Environment.SetEnvironmentVariable("RELIABLEMQTT_SEED", "1");
            var (quick, all) = (new TestRun(library.TestProgram, Quick), new TestRun(library.TestProgram, All));
            await quick.MeasureAsync(stop);
            if (await quick.TryAsync(TestRun.Planted, stop) is var planted && planted != Fate.Killed) throw new InvalidOperationException($"The planted mutant {planted}: the score would mean nothing.");
            var reached = await all.MeasureAsync(stop);

            var fates = new ConcurrentDictionary<Mutant, Fate>();
            var begun = Stopwatch.StartNew();
            await Parallel.ForEachAsync(
                library.Mutants.Where(mutant => only is null || mutant.File.Contains(only, StringComparison.OrdinalIgnoreCase)),
                new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = stop },
                async (mutant, cancel) =>
                {
                    var fate = !reached.Contains(mutant.Id) ? Fate.NotReached : await quick.TryAsync(mutant.Id, cancel);
                    if (fate == Fate.Survived) fate = await all.TryAsync(mutant.Id, cancel);
                    if (fate is Fate.Survived or Fate.NotReached && justified.Contains(mutant.Key)) fate = Fate.Justified;
                    fates[mutant] = fate;
                    if (fate is Fate.Survived or Fate.NotReached) Console.WriteLine($"{fate}: {mutant}");
                });
            return Tell(fates, begun.Elapsed, least);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Tell(ConcurrentDictionary<Mutant, Fate> fates, TimeSpan elapsed, double least)
    {
        Console.WriteLine();
        foreach (var file in fates.GroupBy(pair => pair.Key.File).OrderBy(file => file.Key, StringComparer.Ordinal))
            Console.WriteLine($"{Score(file.Select(pair => pair.Value)),6:0.0} %  {file.Count(),4}  {file.Key}");
        var all = fates.Values;
        var score = Score(all);
        Console.WriteLine(
            $"mutants={all.Count} killed={all.Count(fate => fate == Fate.Killed)} timed_out={all.Count(fate => fate == Fate.TimedOut)} survived={all.Count(fate => fate == Fate.Survived)} "
            + $"not_reached={all.Count(fate => fate == Fate.NotReached)} justified={all.Count(fate => fate == Fate.Justified)} score={score:0.0} seconds={elapsed.TotalSeconds:0}");
        return score >= least ? 0 : 1;
    }

    /// <summary>Of those that are not justified, the share that did not live.</summary>
    private static double Score(IEnumerable<Fate> fates)
    {
        var counted = fates.Where(fate => fate != Fate.Justified).ToList();
        return counted.Count == 0 ? 100 : 100.0 * counted.Count(fate => fate is Fate.Killed or Fate.TimedOut) / counted.Count;
    }
}
