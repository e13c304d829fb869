using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

/// <summary>The ledger's answer as a receipt: what only the sending process knows of a message is null in it.</summary>
internal static class StatusReceipt
{
    public static PublishReceipt Of(StatusAnswer answer) => new()
    {
        MessageId = answer.MessageId,
        Outcome = answer.Status switch
        {
            LedgerStatus.Pending => PublishOutcome.Pending,
            LedgerStatus.Confirmed => PublishOutcome.Confirmed,
            LedgerStatus.DeadLettered when answer.ReasonCode is not null => PublishOutcome.Rejected,
            LedgerStatus.DeadLettered => PublishOutcome.DeadLettered,
            LedgerStatus.Expired => PublishOutcome.Expired,
            LedgerStatus.Purged => PublishOutcome.Purged,
            _ => PublishOutcome.Unknown,
        },
        ReasonCode = answer.ReasonCode,
        NoMatchingSubscribers = answer is { Status: LedgerStatus.Confirmed, ReasonCode: ReasonCodes.NoMatchingSubscribers },
        ConfirmedAt = answer.Status == LedgerStatus.Confirmed ? answer.FinishedAt : null,
    };
}
