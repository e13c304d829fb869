using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Telemetry;

// What a ledger says by itself.
internal static partial class Log
{
    [LoggerMessage(3009, LogLevel.Error, "A record in {Place} {Field} cannot be read and was put aside under {Key}; it is not sent. It {Problem}.")]
    public static partial void Quarantined(ILogger logger, string place, string field, string problem, string key);

    [LoggerMessage(3010, LogLevel.Error, "The ledger of {PublisherId} has lost writes: operation {Operation} and sequence {Tail} were stored, and are no longer there.")]
    public static partial void LedgerRolledBack(ILogger logger, string publisherId, long operation, long tail);

    [LoggerMessage(3011, LogLevel.Critical, "The ledger of {PublisherId} was deleted while it was in use. A new one begins; what was pending in the old one is lost unless a backup has it.")]
    public static partial void LedgerMissing(ILogger logger, string publisherId);

    [LoggerMessage(3012, LogLevel.Warning, "The ledger of {PublisherId} cannot be told of new work by Redis channels; it looks by itself from time to time.")]
    public static partial void WakeUnavailable(ILogger logger, string publisherId, Exception error);
}
