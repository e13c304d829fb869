namespace ReliableMqtt;

/// <summary>What is true of a message now.</summary>
public enum PublishOutcome
{
    /// <summary>Nothing is known of it: never accepted, or finished so long ago that its outcome is no longer kept, or the answer of the ledger is missing.</summary>
    Unknown,

    /// <summary>QoS 0: its bytes were handed to the socket. Nobody will confirm it.</summary>
    Sent,

    /// <summary>It is in the ledger and will be delivered. Do not publish it again.</summary>
    Pending,

    /// <summary>The broker has it: PUBACK (QoS 1) or PUBCOMP (QoS 2) below 0x80. That a subscriber has it is not said.</summary>
    Confirmed,

    /// <summary>The broker refused it, for good or too often; it is among the dead letters with the broker's reason code.</summary>
    Rejected,

    /// <summary>It expired before it was sent, and left the ledger.</summary>
    Expired,

    /// <summary>It was given up without a refusal (session lost, a limit of the broker, poison); it is among the dead letters.</summary>
    DeadLettered,

    /// <summary>It was a dead letter and was thrown away, by hand or by retention.</summary>
    Purged,

    /// <summary>It was never stored, and will not be delivered.</summary>
    NotAccepted,
}
