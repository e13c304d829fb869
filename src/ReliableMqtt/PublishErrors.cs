using System.Globalization;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt;

/// <summary>The words of the exceptions: what is true of the message now, and what to do next.</summary>
internal static class PublishErrors
{
    public static ReliablePublishException Of(PublishReceipt receipt) => receipt.Outcome switch
    {
        PublishOutcome.Rejected => new PublishRejectedException(
            $"The broker refused message {receipt.MessageId}: {ReasonCodes.Describe(receipt.ReasonCode ?? 0x80)}{Words(receipt)}. It is among the dead letters; mend the cause and replay it, or purge it.", receipt),
        PublishOutcome.Expired => new ReliablePublishException(PublishFailure.Expired,
            $"Message {receipt.MessageId} expired before it could be sent, and has left the ledger. Publish it again if it still matters.", receipt),
        PublishOutcome.DeadLettered or PublishOutcome.Purged => new ReliablePublishException(PublishFailure.DeadLettered,
            $"Message {receipt.MessageId} was given up{Words(receipt)}. It is among the dead letters; decide there whether to replay it.", receipt),
        PublishOutcome.Unknown => new ReliablePublishException(PublishFailure.General,
            $"The ledger accepted message {receipt.MessageId} and no longer knows it: it ended long ago, or the store has lost it. Whether the broker has it is not known. Publish it again, with the same message id, if it matters.", receipt),
        _ => new ReliablePublishException(PublishFailure.General, $"Message {receipt.MessageId} ended as {receipt.Outcome}{Words(receipt)}.", receipt),
    };

    public static ReliablePublishException ConfirmTimeout(PublishReceipt receipt, TimeSpan timeout, bool mayExpire) => new(PublishFailure.ConfirmTimeout,
        string.Create(CultureInfo.InvariantCulture, $"The broker did not confirm message {receipt.MessageId} within {timeout.TotalSeconds:0.###} s. It is still in the ledger and will be delivered{(mayExpire ? " unless it expires before it can be sent" : "")}: do not publish it again, or use the same message id."), receipt);

    public static ReliablePublishException NotStoredInTime(LedgerRecord record, TimeSpan timeout, bool full) =>
        new(full ? PublishFailure.LedgerFull : PublishFailure.LedgerUnavailable,
            string.Create(CultureInfo.InvariantCulture, $"The ledger did not take the message within {timeout.TotalSeconds:0.###} s. Nothing was stored: publish it again later."), NotAccepted(record));

    public static ReliablePublishException Unknown(LedgerRecord record, TimeSpan timeout) => new(PublishFailure.LedgerUnavailable,
        string.Create(CultureInfo.InvariantCulture, $"The ledger did not answer within {timeout.TotalSeconds:0.###} s: the message may be stored or not. Publish it again with a message id of your own to be safe from a duplicate."),
        NotAccepted(record) with { Outcome = PublishOutcome.Unknown });

    public static ReliablePublishException UnknownAutomaticId(LedgerRecord record) => new(PublishFailure.InvalidMessage,
        $"The ledger knows no message with the automatic id {record.MessageId} any more. Nothing was stored: publish without a message id, or with one of your own.", NotAccepted(record));

    public static ReliablePublishException NotAsked(LedgerRecord record, Exception error) => new(PublishFailure.LedgerUnavailable,
        $"The ledger does not answer, so what became of message {record.MessageId} is not known. Nothing was stored by this call: ask again later.",
        NotAccepted(record) with { Outcome = PublishOutcome.Unknown, MessageId = record.MessageId }, error);

    public static ReliablePublishException Full(LedgerRecord record) => new(PublishFailure.LedgerFull,
        "The ledger holds as many messages as MaxPending or MaxPendingBytes allow. Nothing was stored: publish it again later.", NotAccepted(record));

    public static ReliablePublishException NotConnected(LedgerRecord record) => new(PublishFailure.NotConnected,
        "There is no connection to the broker, and QoS 0 is never stored: nothing was sent. Publish it again when connected, or at QoS 1 or 2.", NotAccepted(record));

    public static ReliablePublishException BrokerLimit(LedgerRecord record, string limit, bool tooLarge) =>
        new(tooLarge ? PublishFailure.MessageTooLarge : PublishFailure.NotSupportedByBroker,
            $"The message cannot be published: {limit}. Nothing was stored.", NotAccepted(record));

    public static ReliablePublishException Disposed(PublishReceipt receipt) => new(PublishFailure.PublisherDisposed,
        receipt.Outcome == PublishOutcome.Pending
            ? $"The publisher was disposed before the broker confirmed message {receipt.MessageId}. It is in the ledger, and will be delivered by the next publisher with the same id if that ledger is durable."
            : "The publisher was disposed. The message was not stored.", receipt);

    public static ReliablePublishException FlushEnded() => new(PublishFailure.PublisherDisposed,
        "The publisher was disposed before everything accepted was finished. What is pending is in the ledger, and will be delivered by the next publisher with the same id if that ledger is durable.",
        new PublishReceipt { Outcome = PublishOutcome.Unknown });

    public static PublishReceipt NotAccepted(LedgerRecord record) => new()
    {
        Outcome = PublishOutcome.NotAccepted,
        Topic = record.Topic,
        QualityOfService = record.QualityOfService,
        MessageId = record.HasApplicationId ? record.MessageId : default,
    };

    private static string Words(PublishReceipt receipt) => string.IsNullOrEmpty(receipt.ReasonString) ? "" : $" ({receipt.ReasonString})";
}
