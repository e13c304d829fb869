using System.Diagnostics;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>Measures one run of a contender.</summary>
internal static class Meter
{
    public static async Task<Measure> MeasureAsync(IContender contender, IBroker broker, Cell cell, int messages, CancellationToken cancellationToken)
    {
        await using var run = await contender.StartAsync(broker.Port, cell, cancellationToken);
        var latencies = new Latencies(messages);
        await run.SettleAsync();
        var redis = contender.Redis is { } server ? await RedisMeter.StartAsync(server) : null;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (gen0, gen1, gen2) = (GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2));
        var (brokerCpu, bytes, cpu, started) = (broker.ProcessorTime, GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await run.PublishAsync(messages, latencies);
        var elapsed = Stopwatch.GetElapsedTime(started);
        (cpu, bytes, brokerCpu) = (Environment.CpuUsage.TotalTime - cpu, GC.GetTotalAllocatedBytes() - bytes, broker.ProcessorTime - brokerCpu);
        (gen0, gen1, gen2) = (GC.CollectionCount(0) - gen0, GC.CollectionCount(1) - gen1, GC.CollectionCount(2) - gen2);
        await run.SettleAsync();
        var percentiles = latencies.Percentiles(50, 99, 99.9);
        return new Measure
        {
            Messages = messages,
            MessagesPerSecond = messages / elapsed.TotalSeconds,
            ClientCpu = cpu.TotalMicroseconds / messages,
            BrokerCpu = brokerCpu.TotalMicroseconds / messages,
            AllocatedBytes = bytes / (double)messages,
            // A collection of generation 1 is counted as one of 0 too, and so on.
            Gen0 = gen0 - gen1,
            Gen1 = gen1 - gen2,
            Gen2 = gen2,
            P50 = percentiles[0],
            P99 = percentiles[1],
            P999 = percentiles[2],
            Redis = redis is not null ? (await redis.ReadAsync()).For(messages) : null,
        };
    }
}
