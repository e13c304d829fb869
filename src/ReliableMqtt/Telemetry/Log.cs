using Microsoft.Extensions.Logging;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Telemetry;

// Levels say who must act: Error a person now, Warning a person who looks into it, Information nobody. Ids are part of the contract.
internal static partial class Log
{
    [LoggerMessage(1005, LogLevel.Error, "Message {MessageId} was {Outcome} with reason code {ReasonCode} ({ReasonString}) and is among the dead letters.")]
    public static partial void GivenUp(ILogger logger, MessageId messageId, PublishOutcome outcome, byte? reasonCode, string? reasonString);

    [LoggerMessage(1007, LogLevel.Warning, "Message {MessageId} expired before it was sent.")]
    public static partial void Expired(ILogger logger, MessageId messageId);

    [LoggerMessage(1008, LogLevel.Warning, "Connections end again and again while message {MessageId} is in flight. What is in flight is sent one at a time until it is clear which message ends them, if any does.")]
    public static partial void Suspected(ILogger logger, MessageId messageId);

    [LoggerMessage(1009, LogLevel.Warning, "The broker sent {Ack} for packet id {PacketId} with reason code {ReasonCode}, which does not belong to any handshake ({Error}). It confirms nothing. Since the last such line there were {Others} others.")]
    public static partial void StrayAck(ILogger logger, AckKind ack, ushort packetId, byte reasonCode, HandshakeError error, long others);

    [LoggerMessage(4001, LogLevel.Warning, "The ledger is full with {Pending} messages pending: calls wait for room, or are refused, as Overflow says.")]
    public static partial void BackpressureStarted(ILogger logger, long pending);

    [LoggerMessage(4002, LogLevel.Information, "There is room in the ledger again, after {Duration}.")]
    public static partial void BackpressureEnded(ILogger logger, TimeSpan duration);

    [LoggerMessage(3001, LogLevel.Error, "The ledger does not answer operation {Operation}. Nothing that it guards is sent; it is tried again until there is an answer.")]
    public static partial void LedgerUnavailable(ILogger logger, long operation, Exception error);

    [LoggerMessage(3002, LogLevel.Warning, "The ledger is not durable ({Level}): {Description}")]
    public static partial void LedgerNotDurable(ILogger logger, LedgerDurabilityLevel level, string description);

    [LoggerMessage(3003, LogLevel.Information, "This process dispatches for {PublisherId}: {InFlight} in flight, {Backlog} in the backlog.")]
    public static partial void Owned(ILogger logger, string publisherId, int inFlight, long backlog);

    [LoggerMessage(3005, LogLevel.Warning, "This process no longer dispatches for {PublisherId} ({Status}); messages are safe in the ledger.")]
    public static partial void Disowned(ILogger logger, string publisherId, CommitStatus status);

    [LoggerMessage(3006, LogLevel.Warning, "The backlog could not be read; it is tried again.")]
    public static partial void BacklogUnreadable(ILogger logger, Exception error);

    [LoggerMessage(3007, LogLevel.Warning, "The ledger did not answer while the lease of {PublisherId} was asked for; it is tried again.")]
    public static partial void LeaseUnavailable(ILogger logger, string publisherId, Exception error);

    [LoggerMessage(3008, LogLevel.Information, "The ledger of {PublisherId} is {Kind}, {Level}: {Description}")]
    public static partial void LedgerOpened(ILogger logger, string publisherId, string kind, LedgerDurabilityLevel level, string description);

    [LoggerMessage(5001, LogLevel.Warning, "Disposed with {Pending} messages pending; they are safe in the ledger as far as that is durable.")]
    public static partial void DrainIncomplete(ILogger logger, long pending);

    [LoggerMessage(5002, LogLevel.Error, "An event handler of the application failed.")]
    public static partial void EventHandlerFailed(ILogger logger, Exception error);

    [LoggerMessage(1010, LogLevel.Error, "ShouldRetry has thrown for message {MessageId}, refused with reason code {ReasonCode}; the default is used.")]
    public static partial void ShouldRetryFailed(ILogger logger, MessageId messageId, byte reasonCode, Exception error);

    [LoggerMessage(5003, LogLevel.Critical, "The dispatcher failed; it starts anew from what the ledger holds.")]
    public static partial void PumpFailed(ILogger logger, Exception error);

    [LoggerMessage(5004, LogLevel.Error, "Something failed while it was told what became of a message: a listener of the metrics, mostly. The dispatcher goes on.")]
    public static partial void TellingFailed(ILogger logger, Exception error);
}
