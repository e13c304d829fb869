namespace ReliableMqtt;

/// <summary>Why a publishing call failed.</summary>
public enum PublishFailure
{
    /// <summary>Nothing of the other reasons.</summary>
    General,

    /// <summary>The confirm did not come in time. The message is in the ledger and will be delivered: do not publish it again, or use the same message id.</summary>
    ConfirmTimeout,

    /// <summary>The broker refused the message.</summary>
    Rejected,

    /// <summary>The message expired before it was sent.</summary>
    Expired,

    /// <summary>The message was given up without a refusal and is among the dead letters.</summary>
    DeadLettered,

    /// <summary>The ledger did not answer.</summary>
    LedgerUnavailable,

    /// <summary>The ledger holds as many messages as it may; nothing was stored.</summary>
    LedgerFull,

    /// <summary>QoS 0 without a connection; nothing was stored or sent.</summary>
    NotConnected,

    /// <summary>The message is larger than a limit; nothing was stored.</summary>
    MessageTooLarge,

    /// <summary>The topic or another string of the message cannot go into an MQTT packet; nothing was stored.</summary>
    InvalidMessage,

    /// <summary>The broker that is connected cannot take such a message (Maximum QoS, Retain Available); nothing was stored.</summary>
    NotSupportedByBroker,

    /// <summary>The publisher was disposed. The receipt says whether the message is in the ledger.</summary>
    PublisherDisposed,
}

/// <summary>
/// The root of all exceptions of publishing calls. <see cref="Receipt"/> says what is true of the message now, the text what to do next.
/// </summary>
public class ReliablePublishException : Exception
{
    /// <summary>Makes the exception.</summary>
    public ReliablePublishException(PublishFailure reason, string message, PublishReceipt receipt, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        Receipt = receipt;
    }

    /// <summary>Why the call failed.</summary>
    public PublishFailure Reason { get; }

    /// <summary>What is true of the message now.</summary>
    public PublishReceipt Receipt { get; }

    /// <summary>True when the same call may succeed later without a change. When the receipt says pending, use the same message id.</summary>
    public bool IsTransient => Reason is PublishFailure.ConfirmTimeout or PublishFailure.LedgerUnavailable or PublishFailure.LedgerFull or PublishFailure.NotConnected;
}

/// <summary>The broker refused the message: PUBACK or PUBREC of 0x80 and above (MQTT 5 §3.4.2.1, §3.5.2.1). It is among the dead letters.</summary>
public sealed class PublishRejectedException : ReliablePublishException
{
    /// <summary>Makes the exception.</summary>
    public PublishRejectedException(string message, PublishReceipt receipt) : base(PublishFailure.Rejected, message, receipt) { }

    /// <summary>The broker's reason code.</summary>
    public byte? ReasonCode => Receipt.ReasonCode;
}
