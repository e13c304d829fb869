using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Which ledger keeps the accepted messages: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private const string Kinds = "memory, or redis[s]://[[user:]password@]host[:port][/database][,options]";

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
        if (!text.StartsWith("redis://", StringComparison.Ordinal) && !text.StartsWith("rediss://", StringComparison.Ordinal))
            throw new FormatException($"There is no such ledger: expected {Kinds}.");
        try
        {
            return new LedgerAddress(new RedisAckLedger(text).ToString(), isShared: true, () => new RedisAckLedger(text));
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
