using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Measuring;
using ReliableMqtt.Benchmarks.Report;

namespace ReliableMqtt.Benchmarks.Compare;

/// <summary>All rounds of all contenders at one broker, QoS, window and size.</summary>
internal sealed class CellRun(IBroker broker, IReadOnlyList<IContender> contenders, Cell cell, CompareOptions options)
{
    private const long MaxBytes = 512 << 20;
    private const int WarmUpCalls = 3_000, SequentialWarmUpCalls = 200;

    private readonly List<IContender> _contenders = [.. contenders.Where(contender => contender.CanDo(cell))];

    public async Task<CellResult> RunAsync(RedisServer? redis, CancellationToken cancellationToken)
    {
        var counts = await WarmUpAsync(cancellationToken);
        var measures = _contenders.ToDictionary(contender => contender.Name, _ => new List<Measure>());
        var roundTrips = new List<RedisRoundTrip>();
        for (var round = 0; round < options.Rounds; round++)
        {
            if (redis is not null) roundTrips.Add(await RedisRoundTrip.MeasureAsync(redis));
            foreach (var contender in _contenders)
                measures[contender.Name].Add(await MeasureAsync(contender, counts[contender], cancellationToken));
        }

        return CellResult.Of(broker.Name, cell, measures, roundTrips);
    }

    /// <summary>A round that is not counted. Tells how many messages of each contender take as long as a run should.</summary>
    public async Task<Dictionary<IContender, int>> WarmUpAsync(CancellationToken cancellationToken)
    {
        var counts = new Dictionary<IContender, int>();
        foreach (var contender in _contenders)
        {
            var isSequential = contender.IsSequential || cell.Window == 1;
            var calls = Math.Min(isSequential ? SequentialWarmUpCalls : Math.Max(WarmUpCalls, cell.Window * 4), Limit);
            var measure = await MeasureAsync(contender, calls, cancellationToken);
            counts[contender] = (int)Math.Clamp(measure.MessagesPerSecond * options.Seconds, Math.Min(FewestCalls(isSequential), Limit), Limit);
        }

        return counts;
    }

    private int Limit => (int)Math.Min(options.Messages, Math.Max(1_000, MaxBytes / cell.Size));

    /// <summary>Fewer would measure the beginning and the end, when the window is not full.</summary>
    private int FewestCalls(bool isSequential) => isSequential ? SequentialWarmUpCalls : cell.Window * 8;

    private async Task<Measure> MeasureAsync(IContender contender, int messages, CancellationToken cancellationToken)
    {
        if (contender.Redis is { } redis) await redis.TidyAsync(cancellationToken);
        try
        {
            return await Meter.MeasureAsync(contender, broker, cell, messages, cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{contender.Name} at {broker.Name}, {cell}: {failure.Message}", failure);
        }
    }
}
