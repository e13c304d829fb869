namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>What happens to an owner.</summary>
internal enum Fault
{
    /// <summary>SIGKILL, where a standby can see that it is dead.</summary>
    NearKill,

    /// <summary>SIGKILL, where every standby is in another pid namespace, so that the lease has to run out.</summary>
    FarKill,

    /// <summary>SIGSTOP until another process has taken over, and then SIGCONT.</summary>
    Pause,
}

/// <summary>How large a fleet run is.</summary>
internal sealed record FleetPlan(int Messages, TimeSpan Lease, int Kills, int Pauses, bool OneNamespace)
{
    public const int Replicas = 3;

    /// <summary>What a takeover after a kill or pause may take beyond the lease: a second by the promise of the library.</summary>
    public static TimeSpan Promised { get; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a standby looks whether the owner is dead, where it can see that.</summary>
    public static TimeSpan Look { get; } = TimeSpan.FromSeconds(1);

    /// <summary>What a busy machine may add to it: a process that is ready to run waits for a processor.</summary>
    public static TimeSpan Scheduling { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The faults in a random order; half of the kills are far ones.</summary>
    public IReadOnlyList<Fault> Faults(Random random)
    {
        var far = OneNamespace ? 0 : Kills / 2;
        Fault[] faults = [.. Enumerable.Repeat(Fault.NearKill, Kills - far), .. Enumerable.Repeat(Fault.FarKill, far), .. Enumerable.Repeat(Fault.Pause, Pauses)];
        random.Shuffle(faults);
        return faults;
    }
}
