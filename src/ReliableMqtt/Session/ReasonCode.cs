namespace ReliableMqtt.Session;

/// <summary>A row of <see cref="ReasonCodes"/>: what a code means in each packet that may carry it; null where the protocol does not define it.</summary>
/// <param name="Code">The code on the wire.</param>
/// <param name="Name">Its name, in lower case, as it goes into messages.</param>
internal sealed record ReasonCode(byte Code, string Name)
{
    /// <summary>In a PUBACK, MQTT 5 §3.4.2.1.</summary>
    public AckVerdict? PubAck { get; init; }

    /// <summary>In a PUBREC, MQTT 5 §3.5.2.1.</summary>
    public AckVerdict? PubRec { get; init; }

    /// <summary>In a PUBCOMP, MQTT 5 §3.7.2.1.</summary>
    public AckVerdict? PubComp { get; init; }

    /// <summary>In a CONNACK of MQTT 5, §3.2.2.2.</summary>
    public ConnectVerdict? ConnAck { get; init; }

    /// <summary>In a CONNACK of MQTT 3.1.1, §3.2.2.3.</summary>
    public ConnectVerdict? ConnAck3 { get; init; }

    /// <summary>In a DISCONNECT from the broker, MQTT 5 §3.14.2.1.</summary>
    public DisconnectVerdict? Disconnect { get; init; }

    /// <summary>A DISCONNECT with it may be the answer to one of our packets, as a close without a code may be: what was in flight is suspect.</summary>
    public bool BlamesPacket { get; init; }
}
