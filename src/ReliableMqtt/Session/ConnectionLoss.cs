namespace ReliableMqtt.Session;

/// <summary>Who or what ended a connection, as far as this side can tell.</summary>
internal enum LossCause
{
    /// <summary>This side: a stop, a recycle, a lost lease, a failure of ours. It says nothing of the packets in flight.</summary>
    Local,

    /// <summary>The link: no answer to a ping, a timeout, an unreachable host. Also bytes that are no packet, since those may belong to what the application receives.</summary>
    Link,

    /// <summary>The peer closed or reset it, or sent DISCONNECT. A network that cuts connections can look the same.</summary>
    Peer,

    /// <summary>A packet of the session could not be encoded, which costs the connection.</summary>
    Encoding,
}

/// <summary>The end of a connection.</summary>
/// <param name="Cause">Who or what ended it.</param>
/// <param name="Code">The code of the broker's DISCONNECT, if it sent one (MQTT 5 §3.14.2.1).</param>
internal sealed record ConnectionLoss(LossCause Cause, byte? Code = null)
{
    /// <summary>Packets of the session were still waiting to leave.</summary>
    public bool Unsent { get; init; }

    /// <summary>Packets of the application (SUBSCRIBE, UNSUBSCRIBE, a publish at QoS 0) have left since the last probe: one of them may be to blame.</summary>
    public bool OthersLeft { get; init; }

    /// <summary>A packet that was in flight may be the reason: the peer gave none, or one that speaks of a packet.</summary>
    public bool MayBlamePacket =>
        Cause == LossCause.Encoding || (Cause == LossCause.Peer && (Code is not { } code || ReasonCodes.BlamesPacket(code)));

    /// <summary>In words, for the reason of a dead letter.</summary>
    public override string ToString() => (Cause, Code) switch
    {
        (LossCause.Encoding, _) => "it could not be encoded",
        (_, { } code) => $"the broker disconnected: {ReasonCodes.Describe(code)}",
        _ => "the broker closed the connection",
    };
}
