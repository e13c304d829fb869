using System.Globalization;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>
/// The tables. Keys of messages are one number: the publisher id's row in the upper bits, and below them the sequence (53 bits), the number of a dead letter, or the packet id (16 bits). So each
/// table is one tree without an index beside it, and what is appended comes last.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>How many bits of a key a sequence takes; so 1,023 publisher ids fit into a file.</summary>
    public const int SequenceBits = 53;

    public const int PacketBits = 16;

    /// <summary>"RMQ1": tells this file from the databases of other programs.</summary>
    private const int ApplicationId = 0x524D5131;

    /// <summary>What makes version n out of version n - 1 stands at n - 1.</summary>
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE publishers(
          id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, nonce INTEGER NOT NULL,
          tail INTEGER NOT NULL DEFAULT 0, session INTEGER NOT NULL DEFAULT 0, forgotten INTEGER NOT NULL DEFAULT 0,
          backlog INTEGER NOT NULL DEFAULT 0, backlog_bytes INTEGER NOT NULL DEFAULT 0, inflight INTEGER NOT NULL DEFAULT 0, inflight_bytes INTEGER NOT NULL DEFAULT 0,
          dead INTEGER NOT NULL DEFAULT 0, dead_number INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0, quarantine_number INTEGER NOT NULL DEFAULT 0,
          writes INTEGER NOT NULL DEFAULT 0,
          token TEXT NOT NULL DEFAULT '', epochs INTEGER NOT NULL DEFAULT 0, holder TEXT, holder_object TEXT, expires_at INTEGER NOT NULL DEFAULT 0, is_locked INTEGER NOT NULL DEFAULT 0,
          operation INTEGER NOT NULL DEFAULT 0, answer TEXT, before_token TEXT, before_operation INTEGER NOT NULL DEFAULT 0, before_answer TEXT,
          restored INTEGER NOT NULL DEFAULT 0, restored_lost TEXT);
        CREATE TABLE inflight(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, message_id TEXT, record BLOB NOT NULL);
        CREATE TABLE states(
          id INTEGER PRIMARY KEY, stage INTEGER NOT NULL, order_sequence INTEGER NOT NULL, order_ordinal INTEGER NOT NULL,
          release_order INTEGER NOT NULL, refusals INTEGER NOT NULL, due INTEGER);
        CREATE TABLE backlog(id INTEGER PRIMARY KEY, message_id TEXT, record BLOB NOT NULL);
        CREATE TABLE dead(
          id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, sequence INTEGER NOT NULL, since INTEGER NOT NULL, failed_at INTEGER NOT NULL,
          cause INTEGER NOT NULL, code INTEGER, reason TEXT, record BLOB NOT NULL);
        CREATE TABLE ids(
          publisher INTEGER NOT NULL, message_id TEXT NOT NULL, status TEXT NOT NULL, sequence INTEGER NOT NULL, code INTEGER, at INTEGER, forget_at INTEGER, letter INTEGER,
          PRIMARY KEY(publisher, message_id)) WITHOUT ROWID;
        CREATE INDEX ids_by_end ON ids(publisher, forget_at) WHERE forget_at IS NOT NULL;
        CREATE TABLE ended(id INTEGER PRIMARY KEY);
        CREATE TABLE lost(id INTEGER PRIMARY KEY, last INTEGER NOT NULL);
        CREATE TABLE quarantine(
          id INTEGER PRIMARY KEY, at INTEGER NOT NULL, place INTEGER NOT NULL, field TEXT NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL);
        """,
        """
        ALTER TABLE publishers ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE publishers ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE publishers ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE publishers ADD COLUMN dead_lettered INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE publishers ADD COLUMN put_aside INTEGER NOT NULL DEFAULT 0;
        UPDATE publishers SET accepted = backlog + inflight;
        """,
    ];

    /// <summary>The version that this library writes.</summary>
    public static int Version => Migrations.Length;

    /// <summary>A file that was just made, or that nobody has written anything into.</summary>
    public static bool IsEmpty(SqliteDatabase database) =>
        database.Ask("SELECT count(*) FROM sqlite_master") == 0 && database.Ask("PRAGMA application_id") == 0 && database.Ask("PRAGMA user_version") == 0;

    /// <exception cref="InvalidOperationException">It is of another program, or of a newer version.</exception>
    public static void Check(SqliteDatabase database)
    {
        if (!IsEmpty(database) && database.Ask("PRAGMA application_id") is var application && application != ApplicationId)
            throw new InvalidOperationException($"'{database.Path}' is a database of another program. Nothing was changed.");
        if (database.Ask("PRAGMA user_version") is var version && version > Version)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"The ledger in '{database.Path}' has schema {version}, and this library knows schema {Version}: it is of a newer version. Nothing was changed."));
    }

    /// <summary>Within a transaction that writes.</summary>
    /// <returns>The version that it had.</returns>
    public static long Migrate(SqliteDatabase database)
    {
        // Once more: another process may have been quicker.
        Check(database);
        var version = database.Ask("PRAGMA user_version");
        if (version == Version) return version;
        for (var next = version; next < Version; next++) database.Execute(Migrations[next]);
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={Version}"));
        return version;
    }
}
