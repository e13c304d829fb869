using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>
/// A prepared statement, used again and again. Straight on SQLite's own calls: a commit runs hundreds of them, and a <see cref="SqliteCommand"/> costs several times what SQLite itself does.
/// </summary>
internal sealed class SqliteStatement(sqlite3 database, string sql) : IDisposable
{
    private readonly sqlite3_stmt _statement = Prepare(database, sql);

    /// <summary>Sets the parameter with this number, from 1.</summary>
    public SqliteStatement With(int number, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, number, value));
        return this;
    }

    /// <inheritdoc cref="With(int,long)"/>
    public SqliteStatement With(int number, long? value)
    {
        Check(value is { } known ? raw.sqlite3_bind_int64(_statement, number, known) : raw.sqlite3_bind_null(_statement, number));
        return this;
    }

    /// <inheritdoc cref="With(int,long)"/>
    public SqliteStatement With(int number, string? value)
    {
        Check(value is null ? raw.sqlite3_bind_null(_statement, number) : raw.sqlite3_bind_text(_statement, number, value));
        return this;
    }

    /// <inheritdoc cref="With(int,long)"/>
    public SqliteStatement With(int number, ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, number, value));
        return this;
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>How many rows it has changed.</returns>
    public int Run()
    {
        while (Read())
        {
        }

        return raw.sqlite3_changes(database);
    }

    /// <summary>Goes to the next row. Behind the last one it is ready to be run again.</summary>
    public bool Read()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW) return true;
        raw.sqlite3_reset(_statement);
        if (code != raw.SQLITE_DONE) Check(code);
        return false;
    }

    /// <summary>Goes to the first row, of which there is one at most. With one, <see cref="Reset"/> has to follow.</summary>
    public bool One() => Read();

    /// <summary>Makes it ready to be run again, wherever it stands.</summary>
    public void Reset() => raw.sqlite3_reset(_statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    public string? Text(int column) => IsNull(column) ? null : raw.sqlite3_column_text(_statement, column).utf8_to_string();

    /// <summary>A copy of the bytes.</summary>
    public byte[] Bytes(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
    }

    private static sqlite3_stmt Prepare(sqlite3 database, string sql)
    {
        var code = raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
        return statement;
    }
}
