using Microsoft.Data.Sqlite;
using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Sqlite.Storage;

/// <summary>What one call asks of one message, within its transaction. Times are Unix milliseconds.</summary>
internal sealed class ReceiverRow(SqliteConnection connection, SqliteTransaction transaction, string receiver, DeduplicationKey key, string token)
{
    private const string Message = "receiver = $receiver AND publisher = $publisher AND id = $id";

    public SqliteConnection Connection => connection;

    public SqliteTransaction Transaction => transaction;

    /// <summary>Forgets what was handled up to this time, of all publishers.</summary>
    public ReceiverRow Forget(long upTo)
    {
        Execute("DELETE FROM done WHERE receiver = $receiver AND at <= $time", ("$time", upTo));
        return this;
    }

    public ClaimResult Claim(long now, long milliseconds, bool isSweeping)
    {
        if (isSweeping) Execute("DELETE FROM claims WHERE ends <= $time", ("$time", now));
        if (Ask($"SELECT token FROM done WHERE {Message}") is not null) return new ClaimResult(ClaimStatus.AlreadyProcessed);
        if (OtherEnds(now) is { } ends) return new ClaimResult(ClaimStatus.InProgress, TimeSpan.FromMilliseconds(ends - now));
        Execute("INSERT OR REPLACE INTO claims VALUES($receiver, $publisher, $id, $token, $time)", ("$time", now + milliseconds));
        return new ClaimResult(ClaimStatus.Claimed);
    }

    /// <param name="now">The time.</param>
    /// <param name="most">How many messages are remembered for a publisher.</param>
    /// <param name="isNew">It was not marked before.</param>
    public MarkStatus Mark(long now, int most, out bool isNew)
    {
        isNew = false;
        if (Ask($"SELECT token FROM done WHERE {Message}") is string by) return by == token ? MarkStatus.Marked : MarkStatus.AlreadyProcessed;
        if (OtherEnds(now) is not null) return MarkStatus.ClaimLost;
        isNew = true;
        Execute($"DELETE FROM claims WHERE {Message}");
        Execute("INSERT INTO done(receiver, publisher, id, token, at) VALUES($receiver, $publisher, $id, $token, $time)", ("$time", now));
        var surplus = (long)Ask("SELECT done FROM counts WHERE receiver = $receiver AND publisher = $publisher")! - most;
        if (surplus > 0)
            Execute("DELETE FROM done WHERE number IN (SELECT number FROM done WHERE receiver = $receiver AND publisher = $publisher ORDER BY number LIMIT $surplus)", ("$surplus", surplus));
        return MarkStatus.Marked;
    }

    public bool Release() => Execute($"DELETE FROM claims WHERE {Message} AND token = $token") > 0;

    // When the claim of another ends that is still good.
    private long? OtherEnds(long now) => Ask($"SELECT ends FROM claims WHERE {Message} AND token <> $token AND ends > $time", ("$time", now)) as long?;

    private int Execute(string sql, params ReadOnlySpan<(string Name, long Value)> more)
    {
        using var command = Command(sql, more);
        return command.ExecuteNonQuery();
    }

    private object? Ask(string sql, params ReadOnlySpan<(string Name, long Value)> more)
    {
        using var command = Command(sql, more);
        return command.ExecuteScalar();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<(string Name, long Value)> more)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this class alone; all that comes from outside is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("$receiver", receiver), ("$publisher", key.PublisherId), ("$id", key.MessageId), ("$token", token)])
            if (sql.Contains(name, StringComparison.Ordinal)) command.Parameters.AddWithValue(name, value);
        foreach (var (name, value) in more) command.Parameters.AddWithValue(name, value);
        return command;
    }
}
