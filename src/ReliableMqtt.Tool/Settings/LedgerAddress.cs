using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tool.Settings;

/// <summary>Where the ledger is: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private const string Kinds = "redis[s]://[[user:]password@]host[:port][/database][,options]";

    private readonly string _shown;
    private readonly Func<AckLedger> _create;

    private LedgerAddress(string shown, Func<AckLedger> create) => (_shown, _create) = (shown, create);

    /// <exception cref="FormatException">There is no such ledger. The message does not quote the text, which may have a password.</exception>
    public static LedgerAddress Parse(string text)
    {
        if (!text.StartsWith("redis://", StringComparison.OrdinalIgnoreCase) && !text.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"There is no such ledger: expected {Kinds}.");
        try
        {
            return new LedgerAddress(new RedisAckLedger(text).ToString(), () => new RedisAckLedger(text));
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message);
        }
    }

    /// <summary>A new ledger object, which is not connected yet.</summary>
    public AckLedger Create() => _create();

    /// <summary>The address as it may be shown: without the password.</summary>
    public override string ToString() => _shown;
}
