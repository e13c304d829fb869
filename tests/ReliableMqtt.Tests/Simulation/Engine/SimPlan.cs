namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>What goes wrong at one step of a run.</summary>
internal enum FaultKind
{
    /// <summary>The connection is cut; what is on its way arrives up to a random packet.</summary>
    Cut,

    /// <summary>The connection carries nothing any more, and nobody notices at first.</summary>
    Vanish,

    /// <summary>The broker ends the connection, with a reason code on MQTT 5.</summary>
    Disconnect,

    /// <summary>The broker is not to be reached for a while.</summary>
    NoBroker,

    /// <summary>The broker loses its sessions.</summary>
    SessionLoss,

    /// <summary>The broker takes at most QoS 1, or no retained messages, from the next connection on for a while.</summary>
    Limits,

    /// <summary>A process is killed; another takes its place later.</summary>
    Crash,

    /// <summary>As <see cref="Crash"/>, but it gives its lease back first.</summary>
    Handover,

    /// <summary>A process sleeps.</summary>
    Pause,

    /// <summary>The ledger does not answer for a while; what it is asked may be done all the same.</summary>
    LedgerOut,

    /// <summary>The ledger notes what it has.</summary>
    Save,

    /// <summary>The ledger goes back to what it had noted.</summary>
    GoBack,

    /// <summary>The application takes back what is not accepted yet.</summary>
    Withdraw,

    /// <summary>The application flushes.</summary>
    Flush,
}

/// <summary>A fault at a step; what <paramref name="Amount"/> stands for depends on the kind.</summary>
internal readonly record struct SimFault(int AtStep, FaultKind Kind, int Process, int Amount);

/// <summary>A message that the application publishes at a step.</summary>
internal readonly record struct SimPublish(int AtStep, int Number, int Process, int Qos)
{
    /// <summary>The application's id; 0 for none. Several messages may have the same.</summary>
    public int Id { get; init; }

    public int ExpiresInMilliseconds { get; init; }

    public bool WantsConfirm { get; init; }

    public bool Retain { get; init; }

    /// <summary>The broker ends every connection that carries it.</summary>
    public bool IsPoison { get; init; }
}

/// <summary>Everything that a seed decides before a run begins. Leaving something out leaves the rest as it is: so a failing run can be made short.</summary>
internal sealed record SimPlan
{
    public required int Seed { get; init; }

    public int Processes { get; init; } = 1;

    public bool LastOnlyAccepts { get; init; }

    public int MaxInFlight { get; init; } = 2;

    public int MaxBatch { get; init; } = 512;

    public int Prefetch { get; init; } = 1024;

    public int MaxAttempts { get; init; } = 5;

    public int MaxPending { get; init; } = 1_000_000;

    public int ReceiveMaximum { get; init; } = 65_535;

    public bool DeliversAtPubRel { get; init; }

    public bool IsMqtt5 { get; init; } = true;

    public bool SaysTakenOver { get; init; } = true;

    public bool LedgerAnswersAtOnce { get; init; }

    /// <summary>No handshake serves a second message: whoever touches one that could is found. In every other run they do.</summary>
    public bool PoisonsHandshakes => Seed % 2 == 0;

    public SessionLossPolicy SessionLossPolicy { get; init; }

    public PublishOrdering Ordering { get; init; }

    public OverflowPolicy Overflow { get; init; }

    /// <summary>One of so many requests to the ledger fails, and one of so many is slow; 0 for none.</summary>
    public int LedgerFailsOneIn { get; init; }

    public int LedgerIsSlowOneIn { get; init; }

    /// <summary>One of so many PUBLISHes is refused; 0 for none.</summary>
    public int RefusesOneIn { get; init; }

    /// <summary>One of so many acks is followed by one that is wrong or is a repetition; 0 for none.</summary>
    public int StrayAckOneIn { get; init; }

    /// <summary>The longest way of a packet.</summary>
    public int DelayMilliseconds { get; init; } = 5;

    public IReadOnlyList<SimPublish> Publishes { get; init; } = [];

    public IReadOnlyList<SimFault> Faults { get; init; } = [];
}
