using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Floors;

/// <summary>Each message as a bare <c>HSET</c>, and at the same time to the broker over a raw socket or not at all. Nobody waits for anybody, and nothing is removed: no ledger in Redis can do less.</summary>
internal sealed class BareContender(RedisServer redis, bool withBroker) : IContender
{
    private readonly RawContender _raw = new(isPaced: false);

    public string Name => withBroker ? "raw socket, and HSET" : "HSET alone";

    public RedisServer Redis => redis;

    public async Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken) =>
        new Run(new BareRedis(redis, cell.Window, cell.Size), withBroker ? await _raw.StartAsync(port, cell, cancellationToken) : null);

    private sealed class Run(BareRedis bare, IRun? publisher) : IRun
    {
        public Task PublishAsync(int messages, Latencies latencies) => Task.WhenAll(
            Task.Factory.StartNew(() => bare.Write(messages), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
            publisher?.PublishAsync(messages, latencies) ?? Task.CompletedTask);

        public async ValueTask DisposeAsync()
        {
            bare.Dispose();
            if (publisher is not null) await publisher.DisposeAsync();
        }
    }
}
