namespace ReliableMqtt.Messages;

/// <summary>
/// The 16-bit packet identifier of a handshake on the wire (MQTT 5 §2.2.1, MQTT 3.1.1 §2.3.1).
/// Never to be confused with <see cref="MessageId"/>, the ledger's key.
/// </summary>
/// <param name="Value">1 … 65,535; 0 is not a packet identifier.</param>
public readonly record struct PacketId(ushort Value) : IComparable<PacketId>
{
    /// <summary>The lowest identifier that a ledgered publish uses.</summary>
    public const ushort Min = 1;

    /// <summary>
    /// The highest identifier that a ledgered publish uses, 61,439. What lies above belongs to SUBSCRIBE and UNSUBSCRIBE
    /// of the same connection, which share the number space: a fixed border keeps the two apart across restarts, without a lock.
    /// </summary>
    public const ushort Max = 0xEFFF;

    /// <summary>Compares by number.</summary>
    public int CompareTo(PacketId other) => Value.CompareTo(other.Value);

    /// <summary>Compares by number.</summary>
    public static bool operator <(PacketId left, PacketId right) => left.Value < right.Value;

    /// <summary>Compares by number.</summary>
    public static bool operator >(PacketId left, PacketId right) => left.Value > right.Value;

    /// <summary>Compares by number.</summary>
    public static bool operator <=(PacketId left, PacketId right) => left.Value <= right.Value;

    /// <summary>Compares by number.</summary>
    public static bool operator >=(PacketId left, PacketId right) => left.Value >= right.Value;

    /// <summary>The number.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
