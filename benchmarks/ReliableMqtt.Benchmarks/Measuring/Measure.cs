namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>What one run of one contender cost. Times are in microseconds; all but the rate, the latencies and the collections are for one message.</summary>
internal sealed record Measure
{
    public required int Messages { get; init; }

    public required double MessagesPerSecond { get; init; }

    /// <summary>Of this process alone: brokers and Redis have processes of their own.</summary>
    public required double ClientCpu { get; init; }

    public required double BrokerCpu { get; init; }

    public required double AllocatedBytes { get; init; }

    public required double Gen0 { get; init; }

    public required double Gen1 { get; init; }

    public required double Gen2 { get; init; }

    public required double P50 { get; init; }

    public required double P99 { get; init; }

    public required double P999 { get; init; }

    /// <summary>Null when there is no Redis.</summary>
    public RedisCost? Redis { get; init; }
}

/// <summary>What a message cost Redis, counted by Redis.</summary>
/// <param name="Scripts">Scripts that ran: each is a call of the client.</param>
/// <param name="Commands">Other commands that ran, those inside scripts included.</param>
/// <param name="BytesIn">Bytes that it read.</param>
/// <param name="BytesOut">Bytes that it wrote.</param>
/// <param name="Cpu">Microseconds of its process.</param>
internal sealed record RedisCost(double Scripts, double Commands, double BytesIn, double BytesOut, double Cpu);
