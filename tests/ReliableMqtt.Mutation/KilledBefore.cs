namespace ReliableMqtt.Mutation;

/// <summary>The mutants that were killed by earlier runs on the same code, in a file that a run adds to as it goes. New tests can only kill more, so those that live are tried again.</summary>
internal sealed class KilledBefore
{
    private readonly string? _file;
    private readonly Dictionary<string, (Fate, string)> _killed = [];
    private readonly Lock _lock = new();

    /// <summary>Reads what is there, if it is of this code.</summary>
    /// <param name="file">The file; null to remember nothing.</param>
    /// <param name="code">Names the code and what makes mutants of it.</param>
    public KilledBefore(string? file, string code)
    {
        if ((_file = file) is null) return;
        var lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        if (lines is not [var first, ..] || first != code)
        {
            File.WriteAllText(file!, code + "\n");
            return;
        }

        foreach (var parts in lines.Skip(1).Select(line => line.Split('\t')).Where(parts => parts.Length == 3)) _killed[parts[2]] = (Enum.Parse<Fate>(parts[0]), parts[1]);
    }

    public int Count => _killed.Count;

    public bool TryGet(Mutant mutant, out (Fate Fate, string By) how) => _killed.TryGetValue(mutant.Key, out how);

    public void Add(Mutant mutant, Fate fate, string by)
    {
        if (_file is null || _killed.ContainsKey(mutant.Key)) return;
        lock (_lock) File.AppendAllText(_file, $"{fate}\t{by}\t{mutant.Key}\n");
    }
}
