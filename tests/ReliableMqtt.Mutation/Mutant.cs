namespace ReliableMqtt.Mutation;

/// <summary>One small change of the code.</summary>
/// <param name="Id">Its number, from 1.</param>
/// <param name="File">The file, from the root of the repository.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Original">What stands there.</param>
/// <param name="Changed">What would stand there.</param>
internal sealed record Mutant(int Id, string File, int Line, string Original, string Changed)
{
    /// <summary>What names it across edits elsewhere: no line number.</summary>
    public string Key => $"{File}: {Original} -> {Changed}";

    public override string ToString() => $"{File}:{Line}: {Original} -> {Changed}";
}

/// <summary>What became of a mutant.</summary>
internal enum Fate
{
    /// <summary>A test failed.</summary>
    Killed,

    /// <summary>The tests did not come to their end.</summary>
    TimedOut,

    /// <summary>All tests passed.</summary>
    Survived,

    /// <summary>All tests passed, and none of them came there.</summary>
    NotReached,

    /// <summary>All tests passed, and the list of justified ones says why that is no fault of theirs.</summary>
    Justified,
}
