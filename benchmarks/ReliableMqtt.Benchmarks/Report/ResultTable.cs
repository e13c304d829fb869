using System.Globalization;
using ReliableMqtt.Benchmarks.Contenders;

namespace ReliableMqtt.Benchmarks.Report;

/// <summary>A cell as people read it.</summary>
internal static class ResultTable
{
    public static void Write(CellResult cell, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(FormattableString.Invariant(
            $"{cell.Broker}, QoS {cell.Qos}, window {cell.Window}, {cell.Size} B: medians of {cell.Contenders[0].Rounds.Count} rounds; x is to {MqttNetContender.Pipelined}; times in us, all but latencies for a message"));
        var table = new TextTable(
            "", "messages/s", "x", "client CPU", "x", "allocated B", "GC 0/1/2", "p50", "p99", "p99.9", "broker CPU", "Redis scripts", "commands", "B in+out", "Redis CPU");
        foreach (var contender in cell.Contenders) table.Add([.. Row(contender)]);
        table.Write(output);
        WriteRoundTrip(cell, output);
    }

    private static IEnumerable<string> Row(ContenderResult contender)
    {
        var m = contender.Median;
        string[] first =
        [
            contender.Name, Text(m.MessagesPerSecond, "N0"), Text(contender.RateRatio, "0.00"), Text(m.ClientCpu, "0.00"), Text(contender.CpuRatio, "0.00"), Text(m.AllocatedBytes, "N0"),
            FormattableString.Invariant($"{m.Gen0:0}/{m.Gen1:0}/{m.Gen2:0}"), Text(m.P50, "N0"), Text(m.P99, "N0"), Text(m.P999, "N0"), Text(m.BrokerCpu, "0.00"),
        ];
        return m.Redis is { } redis
            ? [.. first, Text(redis.Scripts, "0.000"), Text(redis.Commands, "0.00"), Text(redis.BytesIn + redis.BytesOut, "N0"), Text(redis.Cpu, "0.00")]
            : [.. first, "", "", "", ""];
    }

    /// <summary>What a durable publish may take: MQTTnet's own time and one and a half round trips to Redis.</summary>
    private static void WriteRoundTrip(CellResult cell, TextWriter output)
    {
        if (cell.RoundTrip is not { } trip) return;
        output.WriteLine(FormattableString.Invariant($"Redis round trip, p50: PING {trip.Ping:0} us, EVALSHA {trip.Script:0} us"));
        if (cell.Qos == 0) return;
        var baseline = cell.Contenders.First(contender => contender.Name == MqttNetContender.Pipelined).Median.P50;
        output.WriteLine(FormattableString.Invariant(
            $"p50 of {MqttNetContender.Pipelined} + 1.5 x PING = {baseline + (1.5 * trip.Ping):0} us, + 1.5 x EVALSHA = {baseline + (1.5 * trip.Script):0} us"));
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
