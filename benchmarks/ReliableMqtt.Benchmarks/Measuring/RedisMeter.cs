using ReliableMqtt.Benchmarks.Brokers;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>Differences of what Redis counts, without what it costs to read them.</summary>
internal sealed class RedisMeter
{
    private readonly RedisServer _server;
    private readonly RedisCounts _base;
    private readonly RedisCounts _reading;
    private int _readings;

    private RedisMeter(RedisServer server, RedisCounts before, RedisCounts after)
    {
        _server = server;
        _base = after;
        _reading = after - before;
    }

    public static async Task<RedisMeter> StartAsync(RedisServer server) => new(server, await RedisCounts.ReadAsync(server), await RedisCounts.ReadAsync(server));

    /// <summary>Since the start.</summary>
    public async Task<RedisCounts> ReadAsync() => await RedisCounts.ReadAsync(_server) - _base - (_reading * ++_readings);

    /// <summary>Waits until nothing more comes, and reads.</summary>
    public async Task<RedisCounts> ReadWhenQuietAsync(CancellationToken cancellationToken)
    {
        var last = await ReadAsync();
        for (var attempt = 0; attempt < 200; attempt++)
        {
            await Task.Delay(50, cancellationToken);
            var next = await ReadAsync();
            if (next.Commands <= last.Commands) return next;
            last = next;
        }

        return last;
    }
}
