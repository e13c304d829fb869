namespace ReliableMqtt.Session;

/// <summary>What an acknowledgement means for the entry in the ledger.</summary>
internal enum AckVerdict
{
    /// <summary>The broker has the message: the handshake is over.</summary>
    Confirm,

    /// <summary>PUBREC: the broker has the message; store that, then send PUBREL. Its PUBLISH must never be sent again.</summary>
    Release,

    /// <summary>Refused for a reason that may pass: send it anew, as a new message, after a backoff, a bounded number of times.</summary>
    Retry,

    /// <summary>The broker has had enough for now (0x97): pause, halve the window, send it anew, without a limit of attempts.</summary>
    RetryPaused,

    /// <summary>The broker holds this packet id for another handshake (0x91): quarantine it, send the message anew under another.</summary>
    PacketIdInUse,

    /// <summary>Refused for good: trying again cannot help.</summary>
    DeadLetter,
}

/// <summary>What a refused CONNECT means.</summary>
internal enum ConnectVerdict
{
    /// <summary>It may pass: connect again after a backoff.</summary>
    Retry,

    /// <summary>It does not pass by itself (credentials, ban, protocol): alarm, and ask again slowly.</summary>
    Fault,
}

/// <summary>What a DISCONNECT from the broker means.</summary>
internal enum DisconnectVerdict
{
    /// <summary>Connect again after a backoff. It includes codes that blame a packet: which one is found out by resuming.</summary>
    Reconnect,

    /// <summary>It does not pass by itself: as <see cref="ConnectVerdict.Fault"/>.</summary>
    Fault,

    /// <summary>Another has connected with this client id (0x8E): coming back would only take the session from it again.</summary>
    Stop,
}
