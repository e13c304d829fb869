namespace ReliableMqtt.Sqlite;

/// <summary>When a commit counts as stored: SQLite's <c>PRAGMA synchronous</c>.</summary>
public enum SqliteSynchronous
{
    /// <summary>Each commit waits until the disk has it (<c>fsync</c>): it survives the kill of the process and a loss of power.</summary>
    Full,

    /// <summary>
    /// A commit waits for the operating system only: it survives the kill of the process. A crash of the machine or a loss of power may take the last commits away,
    /// never a part of one, and never damages the file.
    /// </summary>
    Normal,
}
