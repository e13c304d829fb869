namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>mosquitto, without persistence, and without a limit on what is in flight, queued, or in a packet.</summary>
internal sealed class Mosquitto : LocalServer, IBroker
{
    public string Name => "mosquitto";

    public static async Task<IBroker> StartAsync(CancellationToken cancellationToken)
    {
        var broker = new Mosquitto();
        var configuration = Path.Combine(broker.Folder, "mosquitto.conf");
        // 0 is "no limit" for each of them, and what it means for Receive Maximum is that none is stated: 65,535.
        await File.WriteAllLinesAsync(configuration,
        [
            $"listener {broker.Port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true",
            "max_inflight_messages 0", "max_inflight_bytes 0", "max_queued_messages 0", "max_queued_bytes 0", "message_size_limit 0",
        ], cancellationToken);
        await broker.StartAsync("mosquitto", ["-c", configuration], cancellationToken);
        return broker;
    }
}
