using Microsoft.Data.Sqlite;
using ReliableMqtt.Ledger;
using SQLitePCL;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>What an error of SQLite means for whoever uses the ledger.</summary>
internal static class SqliteErrors
{
    /// <summary>The disk, or the file's own limit, has no room.</summary>
    public static bool IsFull(LedgerUnavailableException error) => error.InnerException is SqliteException { SqliteErrorCode: raw.SQLITE_FULL };

    /// <summary>A trouble of the disk or of another process, which may end by itself; anything else will be so the next time too.</summary>
    public static bool MayPass(SqliteException error) => error.SqliteErrorCode is raw.SQLITE_FULL or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_BUSY or raw.SQLITE_LOCKED
        or raw.SQLITE_PROTOCOL or raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_INTERRUPT;

    /// <summary>The same error in the words of the port; null for one that is neither a trouble of the disk nor of the file.</summary>
    public static LedgerUnavailableException? Translate(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => Damaged(path, error.Message, error),
        raw.SQLITE_FULL => Unavailable(path, "there is no room: the disk is full, or the file has reached its limit", error),
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => Unavailable(path, "it may not be written: the disk or the file is read-only, or belongs to another user", error),
        raw.SQLITE_CANTOPEN => Unavailable(path, "it cannot be opened: is there such a folder, and may this process write there?", error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL => Unavailable(path, "another process is writing to it for too long", error),
        raw.SQLITE_IOERR or raw.SQLITE_NOMEM or raw.SQLITE_INTERRUPT => Unavailable(path, "the operating system could not read or write it", error),
        _ => null,
    };

    public static LedgerDamagedException Damaged(string path, string problem, Exception? error = null) => Damaged(
        path, $"{problem.TrimEnd('.')}. Nothing more is read from it or written to it, and nothing of it is thrown away",
        "Stop the publisher, keep a copy of the file with its -wal and .owner files, and restore a backup or save what can be read with 'sqlite3 FILE .recover'.", error);

    /// <summary>The same with another advice.</summary>
    public static LedgerDamagedException Damaged(string path, string problem, string advice, Exception? error = null) => new($"The ledger in '{path}' is damaged: {problem}. {advice}", error);

    private static LedgerUnavailableException Unavailable(string path, string problem, SqliteException error) =>
        new($"The ledger in '{path}' is unavailable: {problem} ({error.Message}). Nothing was stored.", error);
}
