using Microsoft.Extensions.Logging;

namespace ReliableMqtt.Sqlite;

/// <summary>All log messages of this package: 31xx.</summary>
internal static partial class SqliteLog
{
    [LoggerMessage(3101, LogLevel.Warning, "The ledger of {PublisherId} in {Path} may have lost its last commits: the machine was started anew and synchronous=NORMAL does not wait for the disk, or the file beside it was deleted. What was accepted under sequences from {Sequence} on is unknown, and the broker's session ends before its packet ids are used again.")]
    public static partial void MayHaveLost(ILogger logger, string publisherId, string path, long sequence);

    [LoggerMessage(3102, LogLevel.Error, "A record of {PublisherId} in {Place} {Field} cannot be read and was put aside into the table quarantine; it is not sent. It {Problem}.")]
    public static partial void Quarantined(ILogger logger, string publisherId, string place, string field, string problem);

    [LoggerMessage(3103, LogLevel.Error, "The ledger of {PublisherId} has lost writes: operation {Operation} was stored, and is no longer there. Was another file put in its place while it was in use?")]
    public static partial void RolledBack(ILogger logger, string publisherId, long operation);

    [LoggerMessage(3104, LogLevel.Information, "The owner of {PublisherId}, {Holder}, has ended without giving the lease back. It is taken over at once.")]
    public static partial void OwnerIsDead(ILogger logger, string publisherId, string holder);
}
