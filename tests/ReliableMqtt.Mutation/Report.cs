namespace ReliableMqtt.Mutation;

/// <summary>The table by file, who killed how many, and the closing line.</summary>
internal static class Report
{
    public static int Tell(IReadOnlyDictionary<Mutant, (Fate Fate, string By)> fates, TimeSpan elapsed, double least)
    {
        Console.WriteLine();
        foreach (var file in fates.GroupBy(pair => pair.Key.File, pair => pair.Value.Fate).OrderBy(file => file.Key, StringComparer.Ordinal))
            Console.WriteLine($"{Score(file),6:0.0} %  {file.Count(),4}  {file.Key}{(file.Count(fate => fate == Fate.Justified) is > 0 and var justified ? $" ({justified} justified)" : "")}");
        Console.WriteLine("Killed by " + string.Join(", ", fates.Values.Where(fate => fate.By.Length > 0).GroupBy(fate => fate.By).OrderByDescending(by => by.Count()).Select(by => $"{by.Key}: {by.Count()}")));
        var all = fates.Values.Select(fate => fate.Fate).ToList();
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
