using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>ReliablePublisher.PublishAsync.</summary>
/// <param name="durability">What its ledger is.</param>
/// <param name="ledger">Makes it.</param>
/// <param name="redis">The ledger's server, if it has one.</param>
/// <param name="callers">How many calls are outstanding for each place in the window. With one the next call of a place begins when the last one is told of its confirm.</param>
internal sealed class ReliableContender(string durability, Func<AckLedger> ledger, RedisServer? redis = null, int callers = 1) : IContender
{
    public string Name => callers == 1 ? $"ours, {durability}" : $"ours, {durability}, saturated";

    public RedisServer? Redis => redis;

    // QoS 0 goes past the ledger: one of them will do.
    public bool CanDo(Cell cell) => cell.Qos != MqttQualityOfServiceLevel.AtMostOnce || (durability == "memory" && callers == 1);

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken)
    {
        var publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = "bench-reliable",
            Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", port),
            Ledger = ledger(),
            MaxInFlight = cell.Window,
        }, cancellationToken);
        var run = new Run(publisher, cell, cell.Window * callers);
        // This one waits for the connection, which QoS 0 does not.
        await publisher.PublishAtLeastOnceAsync(Cell.Topic, ReadOnlyMemory<byte>.Empty, cancellationToken: cancellationToken);
        await run.PublishAsync(1, Latencies.Ignored);
        return run;
    }

    private sealed class Run(ReliablePublisher publisher, Cell cell, int callers) : IRun
    {
        private readonly byte[] _payload = new byte[cell.Size];

        public async Task PublishAsync(int messages, Latencies latencies)
        {
            await Pipeline.RunAsync(messages, callers, () => publisher.PublishAsync(Cell.Topic, _payload, cell.Qos), latencies);
            if (cell.Qos == MqttQualityOfServiceLevel.AtMostOnce) await publisher.Client.PingAsync();
        }

        public Task SettleAsync() => publisher.FlushAsync();

        public ValueTask DisposeAsync() => publisher.DisposeAsync();
    }
}
