namespace ReliableMqtt.Mutation;

/// <summary>One small change of the code.</summary>
/// <param name="Id">Its number, from 1.</param>
/// <param name="File">The file, from the root of the repository.</param>
/// <param name="Member">The member that it is in.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Original">What stands there.</param>
/// <param name="Changed">What would stand there.</param>
/// <param name="Place">Counts those that read the same in this member, from 1.</param>
internal sealed record Mutant(int Id, string File, string Member, int Line, string Original, string Changed, int Place)
{
    /// <summary>What names it across edits elsewhere: no line number.</summary>
    public string Key => $"{File} {Member}: {Original} -> {Changed}{(Place > 1 ? $" #{Place}" : "")}";

    public override string ToString() => $"{File}:{Line} {Member}: {Original} -> {Changed}{(Place > 1 ? $" #{Place}" : "")}";
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
