using System.Globalization;
using Microsoft.Data.Sqlite;
using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>The database of <see cref="SqliteProcessedMessageStore"/>: one connection, opened with the first call. Used on one thread.</summary>
internal sealed class ReceiverFile(string path) : IDisposable
{
    /// <summary>"RMQ2": tells this file from a ledger's, and from the databases of other programs.</summary>
    private const int ApplicationId = 0x524D5132;

    private const int Version = 1;
    private const int BusySeconds = 5;

    private const string Schema =
        """
        CREATE TABLE claims(receiver TEXT NOT NULL, publisher TEXT NOT NULL, id TEXT NOT NULL, token TEXT NOT NULL, ends INTEGER NOT NULL, PRIMARY KEY(receiver, publisher, id)) WITHOUT ROWID;
        CREATE TABLE done(number INTEGER PRIMARY KEY, receiver TEXT NOT NULL, publisher TEXT NOT NULL, id TEXT NOT NULL, token TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE(receiver, publisher, id));
        CREATE INDEX done_by_age ON done(receiver, at);
        CREATE INDEX done_by_publisher ON done(receiver, publisher);
        CREATE TABLE counts(receiver TEXT NOT NULL, publisher TEXT NOT NULL, done INTEGER NOT NULL, PRIMARY KEY(receiver, publisher)) WITHOUT ROWID;
        CREATE TRIGGER done_more AFTER INSERT ON done BEGIN
          INSERT INTO counts VALUES(new.receiver, new.publisher, 1) ON CONFLICT DO UPDATE SET done = done + 1;
        END;
        CREATE TRIGGER done_less AFTER DELETE ON done BEGIN
          UPDATE counts SET done = done - 1 WHERE receiver = old.receiver AND publisher = old.publisher;
          DELETE FROM counts WHERE receiver = old.receiver AND publisher = old.publisher AND done = 0;
        END;
        """;

    private SqliteConnection? _connection;

    /// <summary>Runs it in one transaction that writes from its beginning.</summary>
    /// <exception cref="StoreUnavailableException">The file could not be written. Nothing was.</exception>
    public T Run<T>(Func<SqliteConnection, SqliteTransaction, T> work)
    {
        try
        {
            _connection ??= Open();
            using var transaction = _connection.BeginTransaction(deferred: false);
            var answer = work(_connection, transaction);
            transaction.Commit();
            return answer;
        }
        catch (SqliteException error)
        {
            throw new StoreUnavailableException($"The store of processed messages in '{path}' did not take a write, and nothing was written: {error.Message}", error);
        }
    }

    public void Dispose() => _connection?.Dispose();

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = BusySeconds, Pooling = false }.ToString());
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
            using var transaction = connection.BeginTransaction(deferred: false);
            if (Ask(connection, "SELECT count(*) FROM sqlite_master") == 0)
                Execute(connection, string.Create(CultureInfo.InvariantCulture, $"{Schema} PRAGMA application_id={ApplicationId}; PRAGMA user_version={Version}"));
            if (Ask(connection, "PRAGMA application_id") != ApplicationId) throw new InvalidOperationException($"'{path}' is a database of another program, or a ledger. Nothing was changed: give the receiver a file of its own.");
            if (Ask(connection, "PRAGMA user_version") is var version && version != Version)
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"'{path}' has schema {version}, and this library knows schema {Version}. Nothing was changed."));
            transaction.Commit();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long Ask(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
