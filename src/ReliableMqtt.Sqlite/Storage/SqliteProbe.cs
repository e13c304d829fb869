using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>Looks at a ledger's file on a connection that only reads, so that its publisher goes on meanwhile.</summary>
internal sealed class SqliteProbe(string path)
{
    private readonly string _path = Path.GetFullPath(path);

    /// <summary>Looks once. It reads all of the file for that. What cannot be found out is a part of the answer.</summary>
    /// <param name="publisherId">Whose last owner is meant.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public SqliteLook Look(string publisherId, CancellationToken cancellationToken)
    {
        var look = OfDisk(new SqliteLook { Path = _path, Exists = File.Exists(_path) });
        if (!look.Exists) return look;
        look = look with { FileBytes = new FileInfo(_path).Length, LogBytes = File.Exists(_path + "-wal") ? new FileInfo(_path + "-wal").Length : 0 };
        try
        {
            look = look with { IsReadOnly = IsReadOnly() };
            using var connection = Open(SqliteOpenMode.ReadOnly);
            using var ending = cancellationToken.Register(() => raw.sqlite3_interrupt(connection.Handle));
            look = look with { JournalMode = Ask(connection, "PRAGMA journal_mode"), QuickCheck = Ask(connection, "PRAGMA quick_check(5)") };
            return look with { IsFull = ReadMarker(connection, publisherId) };
        }
        catch (SqliteException error) when (error.SqliteErrorCode == raw.SQLITE_CORRUPT)
        {
            // Too bad even to be checked.
            return look with { QuickCheck = error.Message };
        }
        catch (SqliteException error)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return look with { Problem = error.Message };
        }
    }

    // SQLite itself is asked: to open the file past it and to close it again would take away the locks that this process has on it.
    private bool IsReadOnly()
    {
        using var connection = Open(SqliteOpenMode.ReadWrite);
        return raw.sqlite3_db_readonly(connection.Handle, "main") == 1;
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private SqliteLook OfDisk(SqliteLook look)
    {
        try
        {
            var drive = new DriveInfo(Path.GetDirectoryName(_path) ?? _path);
            return look with { FreeBytes = drive.AvailableFreeSpace, FileSystem = drive.DriveFormat, IsNetworkDisk = drive.DriveType == DriveType.Network };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return look;
        }
    }

    // Its owner notes how it writes, in the file beside the database.
    private bool? ReadMarker(SqliteConnection connection, string publisherId)
    {
        if (Ask(connection, "SELECT count(*) FROM sqlite_master WHERE name = 'publishers'") != "1") return null;
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM publishers WHERE name = $name";
        command.Parameters.AddWithValue("$name", publisherId);
        return command.ExecuteScalar() is long id && OwnerFile.Of(_path, id).TryRead(out var marker) ? marker?.IsFull : null;
    }

    private static string? Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // All of it stands above.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var lines = new StringBuilder();
        while (reader.Read()) lines.Append(lines.Length > 0 ? "; " : "").Append(reader.GetValue(0));
        return lines.Length > 0 ? lines.ToString() : null;
    }
}
