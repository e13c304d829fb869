using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Doctor;

/// <summary>All that is looked at, in the order in which it is told.</summary>
/// <param name="Host">Looks.</param>
/// <param name="PublisherId">Whose broker and ledger they are.</param>
internal sealed record Checkup(ToolHost Host, string PublisherId)
{
    public BrokerAddress? Broker { get; init; }

    public LedgerAddress? Ledger { get; init; }

    public required BrokerQuestions Questions { get; init; }

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken stop) => [.. await OfBrokerAsync(stop), .. await OfLedgerAsync(stop)];

    private async Task<IReadOnlyList<Finding>> OfBrokerAsync(CancellationToken stop) => Broker is { } broker
        ? await Host.CheckBroker(broker, Questions, Host, stop)
        : [NotLookedAt("broker", $"--broker ADDRESS, or the environment variable {BrokerAddress.Variable}")];

    private async Task<IReadOnlyList<Finding>> OfLedgerAsync(CancellationToken stop)
    {
        if (Ledger is not { } address) return [NotLookedAt("ledger", $"--ledger ADDRESS, or the environment variable {CommonOptions.LedgerVariable}")];
        var store = await Host.CheckStore(address, PublisherId, Host, stop);
        if (!StoreChecks.MayOpen(store)) return store;
        await using var ledger = Host.Create(address);
        return [.. store, .. await LedgerChecks.RunAsync(ledger, PublisherId, Host, stop)];
    }

    private static Finding NotLookedAt(string check, string how) => Finding.Warning(check, "not looked at: no address was given", "Nothing is said of it here.", $"Say where it is: {how}.");
}
