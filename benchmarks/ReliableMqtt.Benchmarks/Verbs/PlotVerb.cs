using System.CommandLine;
using ReliableMqtt.Benchmarks.Report;
using ReliableMqtt.Benchmarks.Report.Charts;

namespace ReliableMqtt.Benchmarks.Verbs;

/// <summary>plot: its options.</summary>
internal static class PlotVerb
{
    public static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "What compare --json has written." };
        file.AcceptExistingOnly();
        var folder = new Option<string>("--to") { Description = "Where the plots are written.", DefaultValueFactory = _ => Path.Combine("docs", "performance") };
        var size = new Option<int>("--size") { Description = "Bytes of payload of what is drawn.", DefaultValueFactory = _ => 128 };
        var window = new Option<int>("--window") { Description = "The window whose latencies are drawn.", DefaultValueFactory = _ => 256 };
        var command = new Command("plot", "Draws what compare has measured, as SVG: throughput and CPU time by window, and latencies.") { file, folder, size, window };
        command.SetAction(async (result, cancellation) =>
        {
            var measured = await CompareResult.ReadAsync(result.GetValue(file)!.FullName, cancellation);
            foreach (var path in new Plots(measured, result.GetValue(folder)!).Write(result.GetValue(size), result.GetValue(window))) Console.WriteLine(path);
        });
        return command;
    }
}
