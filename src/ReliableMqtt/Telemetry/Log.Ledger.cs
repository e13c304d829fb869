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

    [LoggerMessage(3013, LogLevel.Information, "This process does not dispatch for {PublisherId}; {Holder} does. What is published here is accepted into the ledger, and this process takes over when it can.")]
    public static partial void Standby(ILogger logger, string publisherId, string holder);

    [LoggerMessage(3014, LogLevel.Warning, "The ledger did not take {Count} messages, and has stored none of them; it is tried again until their callers' time is over.")]
    public static partial void AcceptUnavailable(ILogger logger, int count, Exception error);

    [LoggerMessage(3015, LogLevel.Warning, "The ledger did not say whether this process still owns the publisher id, so nothing is sent on connection {ConnectionId} before it does.")]
    public static partial void ConnectionUnverified(ILogger logger, int connectionId, Exception error);

    [LoggerMessage(3016, LogLevel.Warning, "The ledger of {PublisherId} has not answered for longer than the lease lasts, so another process may own it: no connection is made before it answers.")]
    public static partial void ConnectHeldBack(ILogger logger, string publisherId);

    [LoggerMessage(3012, LogLevel.Warning, "The ledger of {PublisherId} cannot be told of new work by Redis channels; it looks by itself from time to time.")]
    public static partial void WakeUnavailable(ILogger logger, string publisherId, Exception error);

    [LoggerMessage(3021, LogLevel.Warning, "What this process knows goes back into the ledger before anything is sent: {InFlight} in flight, {Waiting} waiting.")]
    public static partial void Restoring(ILogger logger, int inFlight, int waiting);

    [LoggerMessage(3022, LogLevel.Warning, "The ledger has back what this process knew. Unknown is what was accepted under these sequences, unless the process that accepted it sends it again: {Lost}.")]
    public static partial void Restored(ILogger logger, string lost);

    [LoggerMessage(3023, LogLevel.Warning, "The ledger of {PublisherId} had lost {Count} messages that this process had been told were accepted. They are in it again, under their message ids.")]
    public static partial void AcceptedAgain(ILogger logger, string publisherId, int count);
}
