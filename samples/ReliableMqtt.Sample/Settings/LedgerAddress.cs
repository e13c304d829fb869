using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Which ledger keeps the accepted messages: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private const string Kinds = "memory, sqlite:FILE, or redis[s]://[[user:]password@]host[:port][/database][,options]";

    private const string SqlitePrefix = "sqlite:";

    private readonly string _shown;
    private readonly Func<AckLedger> _open;

    private LedgerAddress(string shown, bool isShared, Func<AckLedger> open)
    {
        _shown = shown;
        IsShared = isShared;
        _open = open;
    }

    /// <summary>Other processes can reach it.</summary>
    public bool IsShared { get; }

    /// <exception cref="FormatException">There is no such ledger. The message does not quote the text, which may have a password.</exception>
    public static LedgerAddress Parse(string text)
    {
        if (text == "memory") return new LedgerAddress(text, isShared: false, () => new InMemoryAckLedger());
        if (text.StartsWith(SqlitePrefix, StringComparison.Ordinal)) return Of(() => new SqliteAckLedger(text[SqlitePrefix.Length..]));
        if (!text.StartsWith("redis://", StringComparison.Ordinal) && !text.StartsWith("rediss://", StringComparison.Ordinal))
            throw new FormatException($"There is no such ledger: expected {Kinds}.");
        return Of(() => new RedisAckLedger(text));
    }

    /// <summary>One that processes share; an object that is not opened costs nothing.</summary>
    private static LedgerAddress Of(Func<AckLedger> open)
    {
        try
        {
            return new LedgerAddress(open().ToString()!, isShared: true, open);
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message);
        }
    }

    /// <summary>A new ledger object; the publisher that gets it disposes it.</summary>
    public AckLedger Create() => _open();

    /// <summary>The address as it may be shown: without the password.</summary>
    public override string ToString() => _shown;
}
