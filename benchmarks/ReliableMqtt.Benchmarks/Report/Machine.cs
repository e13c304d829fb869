using System.Diagnostics;
using System.Runtime.InteropServices;
using MQTTnet;
using ReliableMqtt.Benchmarks.Brokers;

namespace ReliableMqtt.Benchmarks.Report;

/// <summary>Where it was measured.</summary>
internal sealed record Machine
{
    public required DateTimeOffset At { get; init; }

    public required string System { get; init; }

    public required string Runtime { get; init; }

    public required int Processors { get; init; }

    public required string MqttNet { get; init; }

    public required string Redis { get; init; }

    public static async Task<Machine> ReadAsync(RedisServer redis) => new()
    {
        At = DateTimeOffset.UtcNow,
        System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        Runtime = RuntimeInformation.FrameworkDescription,
        Processors = Environment.ProcessorCount,
        MqttNet = FileVersionInfo.GetVersionInfo(typeof(IMqttClient).Assembly.Location).FileVersion ?? "",
        Redis = (await redis.InfoAsync())["redis_version"],
    };

    public override string ToString() => FormattableString.Invariant($"{At:u}, {Processors} processors, {System}, {Runtime}, MQTTnet {MqttNet}, Redis {Redis}");
}
