using ReliableMqtt.Ledger;

namespace ReliableMqtt.Sample.Settings;

/// <summary>Which ledger keeps the accepted messages: the one place that knows the kinds.</summary>
internal sealed class LedgerAddress
{
    private readonly Func<AckLedger> _open;

    private LedgerAddress(Func<AckLedger> open) => _open = open;

    /// <exception cref="FormatException">There is no such ledger.</exception>
    public static LedgerAddress Parse(string text) => text switch
    {
        "memory" => new LedgerAddress(() => new InMemoryAckLedger()),
        _ => throw new FormatException($"'{text}' is not a ledger: expected memory."),
    };

    /// <summary>A new ledger object; the publisher that gets it disposes it.</summary>
    public AckLedger Create() => _open();
}
