using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>The acknowledgements of a publish handshake.</summary>
internal enum AckKind { PubAck, PubRec, PubComp }

/// <summary>An acknowledgement as it came off the wire. MQTT 3.1.1 has no codes: 0 there.</summary>
internal readonly record struct Ack(AckKind Kind, PacketId PacketId, byte ReasonCode = 0, string? ReasonString = null);

/// <summary>
/// What a CONNACK said, with absent properties made explicit (MQTT 5 §3.2.2.3).
/// </summary>
/// <param name="ConnectionId">Counts connections of this process: 1, 2, … Acks and sends name it, so that none crosses over to the next one.</param>
/// <param name="SessionPresent">The broker has the session of this client id.</param>
internal sealed record ConnectionInfo(int ConnectionId, bool SessionPresent)
{
    /// <summary>The protocol of the connection.</summary>
    public MqttProtocolVersion Protocol { get; init; } = MqttProtocolVersion.V500;

    /// <summary>Receive Maximum: 65,535 when absent; on MQTT 3.1.1, which has none, what <see cref="ReliablePublisherOptions.MaxInFlightMqtt311"/> says.</summary>
    public int ReceiveMaximum { get; init; } = 65_535;

    /// <summary>Maximum Packet Size in bytes, with the fixed header: 268,435,460, the protocol's own limit, when absent.</summary>
    public uint MaximumPacketSize { get; init; } = 268_435_460;

    /// <summary>Maximum QoS: 2 when absent, and on MQTT 3.1.1.</summary>
    public MqttQualityOfServiceLevel MaximumQoS { get; init; } = MqttQualityOfServiceLevel.ExactlyOnce;

    /// <summary>Retain Available: true when absent, and on MQTT 3.1.1.</summary>
    public bool RetainAvailable { get; init; } = true;
}

/// <summary>A packet for the wire: a PUBLISH when it has a record, else a PUBREL.</summary>
/// <param name="PacketId">The packet id.</param>
/// <param name="Record">The message of a PUBLISH; null for a PUBREL.</param>
/// <param name="Dup">The DUP flag of a PUBLISH: it may have been sent before in this session.</param>
/// <param name="ReasonCode">The code of a PUBREL: 0, or 0x92 for a PUBREC that nothing here knows.</param>
/// <param name="ExpirySeconds">Message Expiry Interval of a PUBLISH, what is left of it; null for none.</param>
internal readonly record struct OutboundPacket(
    PacketId PacketId, LedgerRecord? Record, bool Dup = false, byte ReasonCode = 0, uint? ExpirySeconds = null)
{
    public bool IsPublish => Record is not null;
}

/// <summary>Why the session wants another connection.</summary>
internal enum RecycleReason
{
    /// <summary>An ack is overdue: ping (to find a dead link), then reconnect, since nothing may be resent on a living connection.</summary>
    AckOverdue,

    /// <summary>The session at the broker is condemned and drained: reconnect with a clean start.</summary>
    CleanStart,

    /// <summary>The session was replaced by one that starts from the ledger: reconnect, so that it can resume.</summary>
    NewOwner,
}

/// <summary>The way out, implemented by the MQTT side. Calls return at once; the bytes leave in the order of the calls.</summary>
internal interface IWire
{
    /// <summary>Queues packets for the connection with this id; they vanish when it is no longer the current one.</summary>
    void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets);

    /// <summary>Pings the broker on the connection with this id, if it is still the current one, and tells <see cref="IWireSink.OnAlive"/> of the answer. Without one the connection is ended.</summary>
    void Probe(int connectionId);

    /// <summary>Ends the connection with this id, if it is still the current one, and makes another.</summary>
    void Recycle(int connectionId, RecycleReason reason);
}

/// <summary>The way in, implemented by whoever drives the session. Called from the receive loop: calls return at once.</summary>
internal interface IWireSink
{
    /// <summary>Asked before each CONNECT: must it ask for a clean start?</summary>
    bool CleanStart { get; }

    /// <summary>A CONNACK of success has come; nothing else of this connection has been told yet.</summary>
    void OnConnected(ConnectionInfo connection);

    /// <summary>A PUBACK, PUBREC or PUBCOMP for a packet id of ours has come.</summary>
    void OnAck(int connectionId, in Ack ack);

    /// <summary>Several have come together.</summary>
    void OnAcks(int connectionId, ReadOnlySpan<Ack> acks)
    {
        foreach (ref readonly var ack in acks) OnAck(connectionId, ack);
    }

    /// <summary>The PINGRESP to a <see cref="IWire.Probe"/> has come: the connection lives, and everything that left before the probe did not end it.</summary>
    void OnAlive(int connectionId);

    /// <summary>The connection is gone: told exactly once for each <see cref="OnConnected"/>, after its last ack.</summary>
    void OnConnectionLost(int connectionId, ConnectionLoss loss);
}

/// <summary>Sees what passes between the session and its connection, and may change it.</summary>
internal interface IWireFilter
{
    /// <summary>What is told in the place of <paramref name="next"/>. Asked once, before <see cref="Outgoing"/>.</summary>
    IWireSink Incoming(IWireSink next);

    /// <summary>What sends in the place of <paramref name="next"/>. Asked once.</summary>
    IWire Outgoing(IWire next);
}
