using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;

namespace ReliableMqtt.Benchmarks.Report;

/// <summary>The contenders in one cell.</summary>
internal sealed record CellResult
{
    public required string Broker { get; init; }

    public required int Qos { get; init; }

    public required int Window { get; init; }

    public required int Size { get; init; }

    /// <summary>Medians over the rounds; only with a window of one place, where they are what a durable publish adds.</summary>
    public RedisRoundTrip? RoundTrip { get; init; }

    public required IReadOnlyList<ContenderResult> Contenders { get; init; }

    public static CellResult Of(string broker, Cell cell, IReadOnlyDictionary<string, List<Measure>> measures, IReadOnlyList<RedisRoundTrip> roundTrips)
    {
        var medians = measures.ToDictionary(pair => pair.Key, pair => Medians.Of(pair.Value));
        var baseline = medians[MqttNetContender.Pipelined];
        return new CellResult
        {
            Broker = broker,
            Qos = (int)cell.Qos,
            Window = cell.Window,
            Size = cell.Size,
            RoundTrip = roundTrips.Count == 0 ? null : new RedisRoundTrip(Medians.Of(roundTrips, trip => trip.Ping), Medians.Of(roundTrips, trip => trip.Script)),
            Contenders =
            [
                .. medians.Select(pair => new ContenderResult
                {
                    Name = pair.Key,
                    RateRatio = pair.Value.MessagesPerSecond / baseline.MessagesPerSecond,
                    CpuRatio = pair.Value.ClientCpu / baseline.ClientCpu,
                    Median = pair.Value,
                    Rounds = measures[pair.Key],
                }),
            ],
        };
    }
}

/// <summary>One contender in a cell; the ratios are those of the medians to MQTTnet pipelined in the same cell.</summary>
internal sealed record ContenderResult
{
    public required string Name { get; init; }

    public required double RateRatio { get; init; }

    public required double CpuRatio { get; init; }

    public required Measure Median { get; init; }

    public required IReadOnlyList<Measure> Rounds { get; init; }
}
