namespace ReliableMqtt.Mutation;

/// <summary>The mutants of the list that no test can notice.</summary>
internal static class Justified
{
    /// <summary>Their keys. One that is not a mutant any more, or has no reason, must leave the list.</summary>
    public static HashSet<string> Read(string file, IEnumerable<Mutant> mutants, IReadOnlyList<string> directories)
    {
        var all = mutants.Select(mutant => mutant.Key).ToHashSet();
        var justified = new HashSet<string>();
        foreach (var line in File.ReadAllLines(file).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var parts = line.Split(" // ", 2);
            var key = parts[0].Trim();
            if (parts.Length < 2) throw new InvalidOperationException($"No reason is given: {line}");
            justified.Add(key);
            if (!all.Contains(key) && directories.Any(directory => key.StartsWith(directory + "/", StringComparison.Ordinal))) Console.WriteLine($"Justified, but no mutant: {key}");
        }

        return justified;
    }
}
