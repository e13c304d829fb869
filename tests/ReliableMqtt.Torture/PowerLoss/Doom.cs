using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.PowerLoss;

/// <summary>Where in the work of a disk a process ends itself with SIGKILL: from outside that moment is hardly ever hit.</summary>
internal enum DoomedAt
{
    /// <summary>Before an fsync: what it was for is written and not safe.</summary>
    Sync,

    /// <summary>After a write to any file.</summary>
    Write,

    /// <summary>After a write to the database itself: in the middle of a checkpoint.</summary>
    Checkpoint,
}

/// <summary>Ends this process at a step that was agreed on.</summary>
internal static class Doom
{
    private static readonly int[] Left = new int[Enum.GetValues<DoomedAt>().Length];

    /// <summary>At the n-th of these steps from now on.</summary>
    public static void Arm(DoomedAt step, int number) => Volatile.Write(ref Left[(int)step], number);

    /// <summary>One of these steps is there.</summary>
    public static void Pass(DoomedAt step)
    {
        if (Volatile.Read(ref Left[(int)step]) > 0 && Interlocked.Decrement(ref Left[(int)step]) == 0) Signals.Send(Environment.ProcessId, Signals.Kill);
    }
}
