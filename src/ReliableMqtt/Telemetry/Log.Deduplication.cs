using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Telemetry;

// What the receiver's side says: ids 6001 … 6099.
internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Warning, "The handler has failed on message {Message}, attempt {Attempt} of {MaxAttempts}.")]
    public static partial void MessageHandlerFailed(ILogger logger, string message, int attempt, int maxAttempts, Exception error);

    [LoggerMessage(6002, LogLevel.Error, "A message on topic {Topic} was given up after {MaxAttempts} attempts and is not acknowledged: the broker sends it again on the next connection.")]
    public static partial void MessageLeftUnacknowledged(ILogger logger, string topic, int maxAttempts);

    [LoggerMessage(6003, LogLevel.Warning, "The store of processed messages ({Kind}) does not answer. What it guards is neither handled nor acknowledged until it does. Since the last such line there were {Others} others.")]
    public static partial void StoreUnavailable(ILogger logger, string kind, long others, Exception error);

    [LoggerMessage(6004, LogLevel.Warning, "The claim of message {Message} ran out while its handler ran, and another one has taken the message: its effect may have happened twice.")]
    public static partial void ClaimLost(ILogger logger, string message);

    [LoggerMessage(6005, LogLevel.Warning, "A message without an id, on topic {Topic}, was acknowledged and thrown away. Since the last such line there were {Others} others.")]
    public static partial void MessageWithoutId(ILogger logger, string topic, long others);

    [LoggerMessage(6006, LogLevel.Error, "The key selector has thrown for a message on topic {Topic}, which is not acknowledged.")]
    public static partial void KeySelectorFailed(ILogger logger, string topic, Exception error);

    [LoggerMessage(6007, LogLevel.Debug, "A message could not be acknowledged: the broker sends it again, and it will be recognised.")]
    public static partial void AcknowledgeFailed(ILogger logger, Exception error);

    [LoggerMessage(6008, LogLevel.Warning, "Handlers were still running after the shutdown timeout, and were cancelled.")]
    public static partial void HandlersCancelled(ILogger logger);

    [LoggerMessage(6009, LogLevel.Error, "A delivery could not be processed and is not acknowledged.")]
    public static partial void DeliveryFailed(ILogger logger, Exception error);
}
