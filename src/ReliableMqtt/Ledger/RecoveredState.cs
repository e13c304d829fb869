using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>The stage of an in-flight entry as the ledger knows it.</summary>
public enum InflightStage
{
    /// <summary>Its PUBLISH may have been sent under this packet id (W2).</summary>
    Sent,

    /// <summary>QoS 2: PUBREC has come; its PUBREL may have been sent, its PUBLISH must never be sent again (W3).</summary>
    Released,

    /// <summary>The broker refused it for now: it waits to be sent as a new message. The broker does not know the packet id.</summary>
    Parked,
}

/// <summary>The place of a PUBLISH in the order in which they left (MQTT 5 §4.6): resends keep it.</summary>
/// <param name="Sequence">The own sequence, or for a message that was sent anew the highest sequence sent before it.</param>
/// <param name="Ordinal">0 for a first sending; counts up for messages sent anew after the same sequence.</param>
public readonly record struct SendOrder(long Sequence, long Ordinal = 0) : IComparable<SendOrder>
{
    /// <summary>Compares by sequence, then ordinal.</summary>
    public int CompareTo(SendOrder other) => Sequence != other.Sequence ? Sequence.CompareTo(other.Sequence) : Ordinal.CompareTo(other.Ordinal);

    /// <summary>Compares by order.</summary>
    public static bool operator <(SendOrder left, SendOrder right) => left.CompareTo(right) < 0;

    /// <summary>Compares by order.</summary>
    public static bool operator >(SendOrder left, SendOrder right) => left.CompareTo(right) > 0;

    /// <summary>Compares by order.</summary>
    public static bool operator <=(SendOrder left, SendOrder right) => left.CompareTo(right) <= 0;

    /// <summary>Compares by order.</summary>
    public static bool operator >=(SendOrder left, SendOrder right) => left.CompareTo(right) >= 0;
}

/// <summary>An in-flight entry as the ledger keeps it: the whole record, and beside it the state.</summary>
/// <param name="PacketId">Its packet id: the key.</param>
/// <param name="Record">The message.</param>
/// <param name="State">Where its handshake stands.</param>
public sealed record InflightEntry(PacketId PacketId, LedgerRecord Record, InflightState State);

/// <summary>The state of an in-flight entry.</summary>
/// <param name="Stage">Where its handshake stands.</param>
/// <param name="Order">Its place among the PUBLISHes sent.</param>
/// <param name="ReleaseOrder">For <see cref="InflightStage.Released"/>: the place of its PUBREC among the PUBRECs (MQTT 5 §4.6: PUBRELs keep it).</param>
/// <param name="Refusals">How often it was refused.</param>
/// <param name="DueAt">For <see cref="InflightStage.Parked"/>: when it is sent anew.</param>
public sealed record InflightState(
    InflightStage Stage, SendOrder Order, long ReleaseOrder = 0, int Refusals = 0, DateTimeOffset? DueAt = null);

/// <summary>What the ledger knows of the session at the broker.</summary>
public enum BrokerSession
{
    /// <summary>There is none that this ledger knows: the next CONNECT asks for a clean start (MQTT 5 §3.2.2-4).</summary>
    None,

    /// <summary>It belongs to what is in flight: resume it.</summary>
    Established,

    /// <summary>Finish what is in flight, then begin a clean one: a packet id of a message that was given up is still in use in it.</summary>
    Condemned,
}

/// <summary>What a new owner starts from.</summary>
/// <param name="LastOperation">The number of the last applied commit of this epoch; the next one is one above.</param>
/// <param name="Tail">The highest sequence given out.</param>
/// <param name="BacklogCount">How many messages wait in the backlog.</param>
/// <param name="Session">What is known of the session at the broker.</param>
/// <param name="InFlight">All in-flight entries, in no particular order.</param>
/// <param name="LedgerNonce">Names this life of the ledger; goes into automatic message ids.</param>
public sealed record RecoveredState(
    long LastOperation, long Tail, long BacklogCount, BrokerSession Session, IReadOnlyList<InflightEntry> InFlight, ulong LedgerNonce);
