using System.Diagnostics;
using MQTTnet.Protocol;
using ReliableMqtt.Benchmarks.Brokers;
using ReliableMqtt.Benchmarks.Contenders;
using ReliableMqtt.Benchmarks.Report;

namespace ReliableMqtt.Benchmarks.Compare;

/// <summary>Runs the contenders in turn, round after round, so that what else the machine does hits all of them, and reports medians and ratios.</summary>
internal static class Comparison
{
    public static async Task<int> RunAsync(CompareOptions options, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await using var everySecond = await RedisServer.StartAsync("everysec", cancellationToken);
        await using var always = await RedisServer.StartAsync("always", cancellationToken);
        using var files = new LedgerFiles();
        var contenders = Roster.All(everySecond, always, files, options.Only);
        var results = new List<CellResult>();
        var machine = await Machine.ReadAsync(everySecond);
        Console.WriteLine(machine);
        foreach (var name in options.Brokers)
        {
            await using var broker = await BrokerOf.StartAsync(name, cancellationToken);
            // What is compared is compiled code: so all of it has run for a while before the first cell.
            if (results.Count == 0)
                foreach (var qos in options.Qos) await new CellRun(broker, contenders, CellOf(qos, options.Windows.Max(), options.Sizes.Min()), options).WarmUpAsync(cancellationToken);
            foreach (var qos in options.Qos)
                foreach (var size in options.Sizes)
                    foreach (var window in options.Windows)
                    {
                        var run = new CellRun(broker, contenders, CellOf(qos, window, size), options);
                        var result = await run.RunAsync(window == 1 ? everySecond : null, cancellationToken);
                        results.Add(result);
                        ResultTable.Write(result, Console.Out);
                    }
        }

        Console.WriteLine(FormattableString.Invariant($"{Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
        if (options.Json is { } file) await new CompareResult { Machine = machine, Options = options, Cells = results }.WriteAsync(file, cancellationToken);
        return 0;
    }

    private static Cell CellOf(int qos, int window, int size) => new((MqttQualityOfServiceLevel)qos, window, size);
}
