using System.Globalization;
using ReliableMqtt.Benchmarks.Brokers;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>What a Redis server has counted since its start.</summary>
/// <param name="Calls">Commands that came over the wire.</param>
/// <param name="Commands">Commands that ran, those inside scripts included, the scripts themselves not.</param>
/// <param name="BytesIn">Bytes that it read.</param>
/// <param name="BytesOut">Bytes that it wrote.</param>
/// <param name="Cpu">Microseconds of its process.</param>
internal readonly record struct RedisCounts(double Calls, double Commands, double BytesIn, double BytesOut, double Cpu)
{
    public static async Task<RedisCounts> ReadAsync(RedisServer server)
    {
        var info = await server.InfoAsync();
        double Number(string name) => double.Parse(info[name], CultureInfo.InvariantCulture);
        double calls = 0, scripts = 0;
        foreach (var (name, text) in info.Where(line => line.Key.StartsWith("cmdstat_", StringComparison.Ordinal)))
        {
            var count = double.Parse(text.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture);
            calls += count;
            if (name is "cmdstat_evalsha" or "cmdstat_eval") scripts += count;
        }

        return new RedisCounts(
            Number("total_commands_processed"), calls - scripts, Number("total_net_input_bytes"), Number("total_net_output_bytes"),
            (Number("used_cpu_user") + Number("used_cpu_sys")) * 1e6);
    }

    public static RedisCounts operator -(RedisCounts left, RedisCounts right) => new(
        left.Calls - right.Calls, left.Commands - right.Commands, left.BytesIn - right.BytesIn, left.BytesOut - right.BytesOut, left.Cpu - right.Cpu);

    public RedisCost For(int messages) =>
        new(Math.Max(0, Calls) / messages, Math.Max(0, Commands) / messages, Math.Max(0, BytesIn) / messages, Math.Max(0, BytesOut) / messages, Math.Max(0, Cpu) / messages);
}
