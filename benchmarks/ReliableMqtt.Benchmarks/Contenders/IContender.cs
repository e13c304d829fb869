using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Contenders;

/// <summary>What is the same for all contenders that are compared with each other.</summary>
internal sealed record Cell(MqttQualityOfServiceLevel Qos, int Window, int Size)
{
    public const string Topic = "bench/topic";
}

/// <summary>A way to publish.</summary>
internal interface IContender
{
    string Name { get; }

    /// <summary>The server that keeps its state; null for none.</summary>
    RedisServer? Redis => null;

    /// <summary>It is one message after the other, whatever the window: it is slow, so that a few messages will do.</summary>
    bool IsSequential => false;

    bool CanDo(Cell cell) => true;

    /// <summary>Connects, and sends one message, so that nothing is done for the first time in a measurement.</summary>
    Task<IRun> StartAsync(int port, Cell cell, CancellationToken cancellationToken);
}

/// <summary>A contender that is connected.</summary>
internal interface IRun : IAsyncDisposable
{
    /// <summary>Publishes messages; returns when all are confirmed, at QoS 0 when the broker has answered a ping that was sent after them.</summary>
    Task PublishAsync(int messages, Latencies latencies);

    /// <summary>Finishes what may lag behind the confirms. Not measured, but for what the ledger's server counts.</summary>
    Task SettleAsync() => Task.CompletedTask;
}
