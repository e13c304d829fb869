namespace ReliableMqtt.Sqlite;

/// <summary>A SQLite file as the ledger of a hosted publisher.</summary>
public static class SqliteLedgerBuilderExtensions
{
    /// <summary>Keeps accepted messages in a file, with <see cref="SqliteSynchronous.Full"/>.</summary>
    /// <param name="builder">What <c>AddReliableMqtt</c> has returned.</param>
    /// <param name="path">The file; see <see cref="SqliteAckLedgerOptions.Path"/>.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static IReliableMqttBuilder UseSqliteLedger(this IReliableMqttBuilder builder, string path) =>
        builder.UseSqliteLedger(new SqliteAckLedgerOptions { Path = path });

    /// <summary>Keeps accepted messages in a file.</summary>
    /// <param name="builder">What <c>AddReliableMqtt</c> has returned.</param>
    /// <param name="options">The file and how it is written.</param>
    /// <exception cref="ArgumentException">An option is missing or out of range.</exception>
    public static IReliableMqttBuilder UseSqliteLedger(this IReliableMqttBuilder builder, SqliteAckLedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = new SqliteAckLedger(options); // What is wrong with it is said here and now; nothing is opened.
        return builder.UseLedger(_ => new SqliteAckLedger(options));
    }
}
