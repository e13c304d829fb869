using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Sqlite.Storage;

namespace ReliableMqtt.Tool.Settings;

/// <summary>Where the ledger is: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private const string Kinds = "redis[s]://[[user:]password@]host[:port][/database][,options], or sqlite:FILE";

    private const string SqlitePrefix = "sqlite:";

    private readonly string _shown;
    private readonly Func<AckLedger> _create;

    private LedgerAddress(string shown, Func<AckLedger> create) => (_shown, _create) = (shown, create);

    /// <exception cref="FormatException">There is no such ledger. The message does not quote the text, which may have a password.</exception>
    public static LedgerAddress Parse(string text)
    {
        if (text.StartsWith(SqlitePrefix, StringComparison.OrdinalIgnoreCase)) return OfFile(text[SqlitePrefix.Length..]);
        if (!text.StartsWith("redis://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"There is no such ledger: expected {Kinds}.");
        try
        {
            return new LedgerAddress(new RedisAckLedger(text).ToString(), () => new RedisAckLedger(text)) { Redis = new RedisProbe(text) };
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message);
        }
    }

    private static LedgerAddress OfFile(string file)
    {
        try
        {
            return new LedgerAddress(new SqliteAckLedger(file).ToString(), () => new SqliteAckLedger(file)) { File = new SqliteProbe(file) };
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message);
        }
    }

    /// <summary>Looks at the server by itself; null when it is no Redis.</summary>
    public RedisProbe? Redis { get; private init; }

    /// <summary>Looks at the file by itself; null when it is none.</summary>
    public SqliteProbe? File { get; private init; }

    /// <summary>A new ledger object, which is not connected yet.</summary>
    public AckLedger Create() => _create();

    /// <summary>The address as it may be shown: without the password.</summary>
    public override string ToString() => _shown;
}
