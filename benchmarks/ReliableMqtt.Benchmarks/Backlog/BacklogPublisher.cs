using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Benchmarks.Backlog;

/// <summary>A publisher on Redis whose broker is away until it is told where it is.</summary>
internal sealed class BacklogPublisher : IAsyncDisposable
{
    // Nobody listens there.
    private const int Away = 1;
    private const int Batch = 1_000;

    private readonly Cell _cell;
    private readonly byte[] _payload;
    private volatile int _port = Away;
    private ReliablePublisher? _publisher;

    private BacklogPublisher(Cell cell)
    {
        _cell = cell;
        _payload = new byte[cell.Size];
    }

    public ReliablePublisher Publisher => _publisher!;

    public static async Task<BacklogPublisher> StartAsync(RedisServer redis, Cell cell, CancellationToken cancellationToken)
    {
        var backlog = new BacklogPublisher(cell);
        backlog._publisher = await ReliablePublisher.StartAsync(new ReliablePublisherOptions
        {
            PublisherId = "bench-backlog",
            Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", backlog._port),
            Ledger = new RedisAckLedger(redis.Address),
            MaxInFlight = cell.Window,
            MaxPending = 100_000_000,
            MaxPendingBytes = 100L << 30,
            ShutdownTimeout = TimeSpan.Zero,
        }, cancellationToken);
        return backlog;
    }

    /// <summary>Accepts messages, many at a time.</summary>
    public async Task AcceptAsync(long messages, CancellationToken cancellationToken)
    {
        var batch = Enumerable.Repeat(new PublishMessage(Cell.Topic, _payload, _cell.Qos), Batch).ToArray();
        for (var left = messages; left > 0; left -= Batch)
            await Publisher.EnqueueBatchAsync(left >= Batch ? batch : batch[..(int)left], cancellationToken);
    }

    /// <summary>Accepts messages, one after the other.</summary>
    public async Task AcceptEachAsync(int messages, CancellationToken cancellationToken)
    {
        for (var i = 0; i < messages; i++) await Publisher.EnqueueAsync(Cell.Topic, _payload, _cell.Qos, cancellationToken: cancellationToken);
    }

    public Task PublishAsync(int messages, int callers) => Pipeline.RunAsync(messages, callers, () => Publisher.PublishAsync(Cell.Topic, _payload, _cell.Qos));

    /// <summary>Returns when it is connected.</summary>
    public Task ConnectAsync(IBroker broker, CancellationToken cancellationToken)
    {
        _port = broker.Port;
        return Publisher.ReconnectAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Publisher.DisposeAsync();
}
