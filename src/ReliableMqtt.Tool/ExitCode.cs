namespace ReliableMqtt.Tool;

/// <summary>What the process returns: a contract with scripts.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>There is no such ledger, no such message, nothing matched, or not all of it was done.</summary>
    public const int NotFound = 1;

    /// <summary><c>doctor</c> has found something.</summary>
    public const int ProblemsFound = 1;

    /// <summary>The command line makes no sense; nothing was done.</summary>
    public const int BadUsage = 2;

    /// <summary>The ledger cannot be reached, or does not let us in.</summary>
    public const int Unreachable = 3;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;
}
