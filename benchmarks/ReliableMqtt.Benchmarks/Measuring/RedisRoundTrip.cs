using ReliableMqtt.Benchmarks.Brokers;
using StackExchange.Redis;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>How long the server takes to answer one who waits, through StackExchange.Redis: medians in microseconds.</summary>
internal sealed record RedisRoundTrip(double Ping, double Script)
{
    private const int Calls = 500;

    public static async Task<RedisRoundTrip> MeasureAsync(RedisServer server)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var database = connection.GetDatabase();
        RedisKey[] keys = ["{bench}:key"];
        RedisValue[] values = [1];
        var digest = (string?)await database.ExecuteAsync("SCRIPT", "LOAD", "return 1") ?? throw new InvalidOperationException("No digest.");
        var hash = Convert.FromHexString(digest);
        return new RedisRoundTrip(
            await MedianAsync(() => database.PingAsync()), await MedianAsync(() => database.ScriptEvaluateAsync(hash, keys, values)));
    }

    private static async Task<double> MedianAsync(Func<Task> call)
    {
        for (var i = 0; i < Calls / 5; i++) await call();
        var latencies = new Latencies(Calls);
        for (var i = 0; i < Calls; i++)
        {
            var started = Latencies.Now;
            await call();
            latencies.Record(i, started);
        }

        return latencies.Percentiles(50)[0];
    }
}
