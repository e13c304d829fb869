namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>Brokers by their names.</summary>
internal static class BrokerOf
{
    /// <summary>What --broker may say.</summary>
    public static IReadOnlyList<string> Names(string? choice) => choice is null or "both" ? ["mosquitto", "null"] : [choice];

    public static Task<IBroker> StartAsync(string name, CancellationToken cancellationToken) => name switch
    {
        "mosquitto" => Mosquitto.StartAsync(cancellationToken),
        "null" => NullBroker.StartAsync(cancellationToken),
        _ => throw new ArgumentException($"There is no broker {name}: mosquitto, null."),
    };
}
