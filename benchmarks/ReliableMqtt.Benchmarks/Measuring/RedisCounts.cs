using System.Globalization;
using ReliableMqtt.Benchmarks.Brokers;

namespace ReliableMqtt.Benchmarks.Measuring;

/// <summary>What a Redis server has counted since its start.</summary>
/// <param name="Scripts">Scripts that ran: each is a call of the client.</param>
/// <param name="Commands">Other commands that ran, those inside scripts included.</param>
/// <param name="BytesIn">Bytes that it read.</param>
/// <param name="BytesOut">Bytes that it wrote.</param>
/// <param name="Cpu">Microseconds of its process.</param>
internal readonly record struct RedisCounts(double Scripts, double Commands, double BytesIn, double BytesOut, double Cpu)
{
    public static async Task<RedisCounts> ReadAsync(RedisServer server)
    {
        var info = await server.InfoAsync();
        double Number(string name) => double.Parse(info[name], CultureInfo.InvariantCulture);
        double scripts = 0, commands = 0;
        foreach (var (name, text) in info.Where(line => line.Key.StartsWith("cmdstat_", StringComparison.Ordinal)))
        {
            var count = double.Parse(text.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture);
            if (name is "cmdstat_evalsha" or "cmdstat_eval") scripts += count;
            else commands += count;
        }

        return new RedisCounts(
            scripts, commands, Number("total_net_input_bytes"), Number("total_net_output_bytes"),
            (Number("used_cpu_user") + Number("used_cpu_sys")) * 1e6);
    }

    public static RedisCounts operator -(RedisCounts left, RedisCounts right) => new(
        left.Scripts - right.Scripts, left.Commands - right.Commands, left.BytesIn - right.BytesIn, left.BytesOut - right.BytesOut, left.Cpu - right.Cpu);

    public static RedisCounts operator *(RedisCounts counts, int factor) =>
        new(counts.Scripts * factor, counts.Commands * factor, counts.BytesIn * factor, counts.BytesOut * factor, counts.Cpu * factor);

    public RedisCost For(int messages) =>
        new(Math.Max(0, Scripts) / messages, Math.Max(0, Commands) / messages, Math.Max(0, BytesIn) / messages, Math.Max(0, BytesOut) / messages, Math.Max(0, Cpu) / messages);
}
