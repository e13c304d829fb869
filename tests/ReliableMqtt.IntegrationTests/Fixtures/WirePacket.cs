using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A control packet as it was seen on the wire.</summary>
/// <param name="Connection">The connection's number at the proxies of the tap: 1, 2, …</param>
/// <param name="Direction">Where it went.</param>
/// <param name="Type">Its type.</param>
public sealed record WirePacket(int Connection, Direction Direction, MqttControlPacketType Type)
{
    /// <summary>Its packet id; 0 when it has none.</summary>
    public ushort PacketId { get; init; }

    /// <summary>The DUP flag of a PUBLISH.</summary>
    public bool Dup { get; init; }

    /// <summary>The QoS of a PUBLISH.</summary>
    public int Qos { get; init; }

    /// <summary>The RETAIN flag of a PUBLISH.</summary>
    public bool Retain { get; init; }

    /// <summary>The topic of a PUBLISH.</summary>
    public string? Topic { get; init; }

    /// <summary>The payload of a PUBLISH as text.</summary>
    public string? Payload { get; init; }

    /// <summary>The message id that a PUBLISH of MQTT 5 carries as a user property.</summary>
    public string? MessageId { get; init; }

    /// <summary>The Response Topic of a PUBLISH.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>The topic alias of a PUBLISH.</summary>
    public int? TopicAlias { get; init; }

    /// <summary>A PUBLISH has a subscription identifier, as only those from the broker may.</summary>
    public bool HasSubscriptionIdentifier { get; init; }

    /// <summary>The client id of a CONNECT.</summary>
    public string? ClientId { get; init; }

    /// <summary>Clean Start of a CONNECT.</summary>
    public bool CleanStart { get; init; }

    /// <summary>The protocol version of a CONNECT: 4 is MQTT 3.1.1, 5 is MQTT 5.</summary>
    public byte ProtocolVersion { get; init; }

    /// <summary>Session Present of a CONNACK.</summary>
    public bool SessionPresent { get; init; }

    /// <summary>The Receive Maximum of a CONNACK.</summary>
    public int? ReceiveMaximum { get; init; }

    /// <summary>The Maximum Packet Size of a CONNACK, in bytes.</summary>
    public long? MaximumPacketSize { get; init; }

    /// <summary>The reason or return code of a CONNACK, an ack, a DISCONNECT or an AUTH; 0 when it has none.</summary>
    public byte ReasonCode { get; init; }

    /// <summary>The lower four bits of its first byte.</summary>
    public byte Flags { get; init; }

    /// <summary>Its length in bytes, with the fixed header.</summary>
    public int Size { get; init; }

    /// <summary>Which of its strings is no well-formed UTF-8 or has a U+0000 in it; null when all are well.</summary>
    public string? BadText { get; init; }

    /// <summary>True when it cannot be read: only what stands before the place of the fault is known.</summary>
    public bool Malformed { get; init; }

    /// <summary>True when the proxy made it.</summary>
    public bool Forged { get; init; }

    /// <summary>The name of the proxy that it went through, when that has one.</summary>
    public string? Via { get; init; }

    /// <summary>False when the tap kept it from going on. One that is withheld comes a second time when it is released.</summary>
    public bool Passed { get; init; } = true;

    public override string ToString()
    {
        var text = $"{Connection} {(Direction == Direction.ToBroker ? "->" : "<-")} {Type.ToString().ToUpperInvariant()}";
        if (PacketId != 0) text += $" {PacketId}";
        if (Type == MqttControlPacketType.Publish) text += $" QoS {Qos}{(Dup ? " DUP" : "")} {Topic} '{(Payload?.Length > 40 ? Payload[..40] + "…" : Payload)}'";
        if (Type == MqttControlPacketType.Connect) text += $" {ClientId}{(CleanStart ? " clean" : "")}";
        if (SessionPresent) text += " session present";
        if (ReasonCode != 0) text += $" 0x{ReasonCode:X2}";
        if (Malformed) text += " malformed";
        if (Forged) text += " (forged)";
        return Passed ? text : text + " (stopped)";
    }
}
