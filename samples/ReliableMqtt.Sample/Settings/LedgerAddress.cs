using ReliableMqtt.Ledger;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Which ledger keeps the accepted messages: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private readonly string _text;
    private readonly Func<AckLedger> _open;

    private LedgerAddress(string text, Func<AckLedger> open)
    {
        _text = text;
        _open = open;
    }

    /// <exception cref="FormatException">There is no such ledger.</exception>
    public static LedgerAddress Parse(string text) => text switch
    {
        "memory" => new LedgerAddress(text, () => new InMemoryAckLedger()),
        _ => throw new FormatException($"'{text}' is not a ledger: expected memory."),
    };

    /// <summary>A new ledger object; the publisher that gets it disposes it.</summary>
    public AckLedger Create() => _open();

    public override string ToString() => _text;
}
