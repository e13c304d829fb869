namespace ReliableMqtt.Telemetry;

/// <summary>The closed list of what <c>error.type</c> says.</summary>
internal static class ErrorType
{
    public const string LedgerUnavailable = "ledger_unavailable";

    private const string Other = "_OTHER";

    /// <summary>Of an end that is no success.</summary>
    public static string Of(PublishReceipt receipt) => receipt.ReasonCode switch
    {
        null when receipt.Outcome == PublishOutcome.Expired => "expired",
        null when receipt.Outcome == PublishOutcome.DeadLettered => "given_up",
        0x80 => "unspecified_error",
        0x87 => "not_authorized",
        0x90 => "topic_name_invalid",
        0x95 => "packet_too_large",
        0x97 => "quota_exceeded",
        0x99 => "payload_format_invalid",
        _ => Other,
    };

    /// <summary>Of a call that failed.</summary>
    public static string Of(Exception error) => error switch
    {
        ReliablePublishException { Reason: PublishFailure.ConfirmTimeout } => "timeout",
        ReliablePublishException { Reason: PublishFailure.LedgerUnavailable } => LedgerUnavailable,
        ReliablePublishException { Reason: PublishFailure.LedgerFull } => "ledger_full",
        ReliablePublishException { Reason: PublishFailure.MessageTooLarge } => "packet_too_large",
        ReliablePublishException { Reason: PublishFailure.InvalidMessage } => "invalid_message",
        ReliablePublishException { Reason: PublishFailure.NotConnected } => "connection_lost",
        ReliablePublishException { Reason: PublishFailure.PublisherDisposed } => "disposed",
        ReliablePublishException refused => Of(refused.Receipt),
        OperationCanceledException => "cancelled",
        _ => Other,
    };
}
