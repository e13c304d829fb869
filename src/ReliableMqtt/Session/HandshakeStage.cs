namespace ReliableMqtt.Session;

/// <summary>Where the handshake of one message stands. The stages that end in -ing wait for the ledger: nothing goes out before it has answered.</summary>
internal enum HandshakeStage : byte
{
    /// <summary>Its packet id is being stored (W1, W2). No byte of its PUBLISH has left.</summary>
    Storing,

    /// <summary>Its PUBLISH may be on the wire; PUBACK or PUBREC is awaited.</summary>
    Sent,

    /// <summary>PUBREC has come; that is being stored (W3). No PUBREL has left.</summary>
    Releasing,

    /// <summary>Its PUBREL may be on the wire; PUBCOMP is awaited. Its PUBLISH must never be sent again in this session.</summary>
    Released,

    /// <summary>The broker has it; that is being stored. The packet id stays taken until then (W4).</summary>
    Confirming,

    /// <summary>The broker refused it for now; that is being stored.</summary>
    Refusing,

    /// <summary>It waits to be sent as a new message. The broker does not know its packet id.</summary>
    Parked,

    /// <summary>It is to be sent as a new message, and the new packet id is being stored (W2).</summary>
    Renewing,

    /// <summary>It is given up; its move to the dead letters is being stored.</summary>
    Abandoning,

    /// <summary>The ledger knows its end; the packet id is free.</summary>
    Finished,
}

/// <summary>What can happen to a handshake.</summary>
internal enum HandshakeEvent
{
    /// <summary>The ledger has stored what the stage was waiting for.</summary>
    Stored,

    /// <summary>PUBACK below 0x80.</summary>
    PubAck,

    /// <summary>PUBREC below 0x80.</summary>
    PubRec,

    /// <summary>PUBCOMP of any code.</summary>
    PubComp,

    /// <summary>PUBACK or PUBREC that refuses for now.</summary>
    RefusedForNow,

    /// <summary>PUBACK or PUBREC that refuses for good, or once too often.</summary>
    RefusedForGood,

    /// <summary>The broker has lost the session, and the policy is to publish again.</summary>
    SessionLostRepublish,

    /// <summary>The broker has lost the session, and the policy is to give up.</summary>
    SessionLostGiveUp,

    /// <summary>The time of a parked message has come.</summary>
    Due,

    /// <summary>The connected broker cannot take the PUBLISH.</summary>
    Unsendable,

    /// <summary>It ends every connection that carries its PUBLISH or its PUBREL.</summary>
    Poisoned,
}

/// <summary>What a transition asks for besides the new stage.</summary>
internal enum HandshakeEffect
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The new stage must be stored with the next commit.</summary>
    Store,

    /// <summary>The PUBLISH may leave.</summary>
    SendPublish,

    /// <summary>The PUBREL may leave.</summary>
    SendPubRel,

    /// <summary>The message is finished; its packet id is free.</summary>
    Finish,
}

/// <summary>Why an event does not belong to a stage. Each is a broker's fault or a stray packet; none of them confirms anything.</summary>
internal enum HandshakeError
{
    /// <summary>It is legal.</summary>
    None,

    /// <summary>An ack for a PUBLISH that has not left.</summary>
    NothingSent,

    /// <summary>PUBREC or PUBCOMP at QoS 1, PUBACK at QoS 2.</summary>
    WrongKindOfAck,

    /// <summary>PUBCOMP before PUBREL.</summary>
    NotReleased,

    /// <summary>A refusal after the broker had accepted.</summary>
    AlreadyAccepted,

    /// <summary>An ack after a refusal had ended the handshake.</summary>
    AlreadyRefused,

    /// <summary>A bug of ours: the event cannot happen in this stage.</summary>
    Impossible,
}
