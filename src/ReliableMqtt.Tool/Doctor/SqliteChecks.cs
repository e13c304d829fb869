using ReliableMqtt.Sqlite.Storage;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>What is found of a ledger's file, and what it means.</summary>
internal static class SqliteChecks
{
    private const long DiskProblem = 16L << 20, DiskWarning = 512L << 20;

    private const string Damaged = "Stop the publisher, keep a copy of the file with its -wal and .owner files, and restore a backup or save what can be read with 'sqlite3 FILE .recover'.";

    public static IEnumerable<Finding> Judge(SqliteLook look)
    {
        yield return File(look);
        if (look.IsNetworkDisk)
            yield return Finding.Problem("sqlite-disk-kind", $"the file is on a network disk ({look.FileSystem})", "SQLite's log does not work there: processes overwrite each other, and the ledger is damaged.", "Put it on a local disk of the machine, or use Redis.");
        if (look.FreeBytes is { } free) yield return Disk(look, free);
        if (!look.Exists || look.Problem is not null) yield break;
        yield return look.QuickCheck == "ok"
            ? Finding.Ok("sqlite-check", "PRAGMA quick_check says ok")
            : Finding.Problem("sqlite-check", $"PRAGMA quick_check says: {look.QuickCheck}", "A part of the file cannot be trusted: what is in it may be lost, and the publisher ends when it comes upon it.", Damaged);
        if (look.QuickCheck != "ok") yield break;
        yield return look.JournalMode == "wal"
            ? Finding.Ok("sqlite-journal", "wal")
            : Finding.Warning("sqlite-journal", $"journal_mode is {look.JournalMode}", "The publisher needs the write-ahead log, and sets it when it opens the file; another program has changed it, or has made the file.", "Let no other program change the file.");
        yield return look.IsFull switch
        {
            true => Finding.Ok("sqlite-synchronous", "FULL, as the last owner has noted: an accepted message is on the disk before it is answered"),
            false => Finding.Warning(
                "sqlite-synchronous", "NORMAL, as the last owner has noted", "The last commits are lost with the power, or when the machine crashes; the kill of the process takes nothing.",
                "Leave SqliteAckLedgerOptions.Synchronous at Full, the default, when that may not be."),
            _ => Finding.Ok("sqlite-synchronous", "not known now: its owner is at work, or there was none; the line in its log at the start says it, and FULL is the default"),
        };
    }

    private static Finding File(SqliteLook look)
    {
        const string Check = "sqlite-file";
        const string Why = "No publisher can accept a message, since it could not be stored.";
        if (look.Problem is { } problem) return Finding.Problem(Check, $"'{look.Path}' cannot be read: {problem}", Why, $"May this user read the file and write into its folder? If so, it is damaged. {Damaged}");
        if (!look.Exists) return Finding.Warning(Check, $"there is no file '{look.Path}'", "A publisher makes one at its first start. When it has run already, this is another path than its own.", "Compare the path with the publisher's, or start it.");
        if (look.IsReadOnly) return Finding.Problem(Check, $"'{look.Path}' may be read and not written by this user", Why, "Give the publisher's user the right to write the file and its folder. (When the publisher runs as another user, run the doctor as that one.)");
        return Finding.Ok(Check, $"'{look.Path}', {Words.Bytes(look.FileBytes)}{(look.LogBytes > 0 ? $" and {Words.Bytes(look.LogBytes)} of log" : "")}");
    }

    private static Finding Disk(SqliteLook look, long free)
    {
        var what = $"{Words.Bytes(free)} are free on its disk ({look.FileSystem})";
        const string Why = "On a full disk new messages wait or are refused, as Overflow says; a ledger holds up to 512 MiB of messages by default.";
        return free < DiskProblem ? Finding.Problem("sqlite-disk", what, Why, "Make room now.")
            : free < DiskWarning ? Finding.Warning("sqlite-disk", what, Why, "Make room, or lower MaxPendingBytes to what there is.")
            : Finding.Ok("sqlite-disk", what);
    }
}
