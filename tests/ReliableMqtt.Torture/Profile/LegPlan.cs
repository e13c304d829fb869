using MQTTnet.Protocol;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Torture.Profile;

/// <summary>What takes the messages in a leg.</summary>
internal enum Receiving
{
    /// <summary>mosquitto, ended by SIGTERM only: killed it forgets sessions and messages since its last save.</summary>
    Mosquitto,

    /// <summary>The program's own receiver, which keeps its journal over SIGKILL: one for each publisher.</summary>
    Journal,
}

/// <summary>How a part of a profile goes: two publishers side by side, one of QoS 1 and one of QoS 2, and what is done to them. Counts of faults are for both together, or for the servers.</summary>
internal sealed record LegPlan
{
    /// <summary>What to call it.</summary>
    public required string Name { get; init; }

    /// <summary>Seeds its random choices.</summary>
    public required int Seed { get; init; }

    /// <summary>How many messages each publisher sends at least.</summary>
    public required int Messages { get; init; }

    /// <summary>What a publisher has not accepted before its end does not count among its messages.</summary>
    public bool AcceptsAll { get; init; }

    /// <summary>How many each is given in a second while there are faults to come.</summary>
    public double Rate { get; init; } = 250;

    public Receiving Receiving { get; init; }

    /// <summary>The publishers, by QoS.</summary>
    public IReadOnlyList<int> QoS { get; init; } = [1, 2];

    /// <summary>The broker's Receive Maximum, and so the window of a publisher.</summary>
    public int ReceiveMaximum { get; init; } = 50;

    public SessionLossPolicy Policy { get; init; }

    /// <summary>What is wrong with the publisher, for a control; null for nothing.</summary>
    public string? Flaw { get; init; }

    /// <summary>Packets of this type vanish right before a publisher is killed or its session is lost, so that handshakes stand in that step; null for nothing.</summary>
    public MqttControlPacketType? Held { get; init; }

    /// <summary>Where the ledgers are, a file for each publisher; null for one Redis for all.</summary>
    public SqliteFile? Sqlite { get; init; }

    /// <summary>What happens to publishers, each to one of them.</summary>
    public IReadOnlyList<Planned> Publishers { get; init; } = [];

    /// <summary>What happens to the servers.</summary>
    public IReadOnlyList<Planned> Servers { get; init; } = [];

    /// <summary>True when it cannot hold what is promised.</summary>
    public bool IsFlawed => Flaw is not null || Sqlite is { IsSafe: false };

    /// <summary>How long the ledgers may take to become empty before it is given up: what is flawed may never do.</summary>
    public TimeSpan DrainLimit => !IsFlawed ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(4);

    /// <summary>How long all numbers may take to go out once nothing bad is to come.</summary>
    public TimeSpan FeedLimit => !IsFlawed ? TimeSpan.FromMinutes(3) : TimeSpan.FromSeconds(5);

    /// <summary>True when the broker keeps the session throughout, so that "exactly once" can be asked for.</summary>
    public bool KeepsSession => !Publishers.Any(planned => planned.Kind == Kinds.SessionLoss);

    /// <summary>True when no single packet is kept from the broker, refused by it or forgotten: a later one would overtake it, which no network does.</summary>
    public bool KeepsOrder => KeepsSession && Held is null && !HasAnswers;

    /// <summary>True when the broker is made to refuse.</summary>
    public bool HasAnswers => Publishers.Any(planned => planned.Kind == Kinds.Answers);

    /// <summary>True when nothing can be refused, so that nothing may end as a dead letter.</summary>
    public bool DeliversAll => !HasAnswers && (KeepsSession || Policy == SessionLossPolicy.Republish);
}

/// <summary>How a ledger in a SQLite file is kept.</summary>
/// <param name="Synchronous">What its commits wait for.</param>
/// <param name="Lies">The disk says that it has written what is in its cache alone.</param>
internal sealed record SqliteFile(SqliteSynchronous Synchronous = SqliteSynchronous.Full, bool Lies = false)
{
    /// <summary>It survives a loss of power.</summary>
    public bool IsSafe => Synchronous == SqliteSynchronous.Full && !Lies;
}

/// <summary>A kind of fault, and how often.</summary>
internal readonly record struct Planned(string Kind, int Times);
