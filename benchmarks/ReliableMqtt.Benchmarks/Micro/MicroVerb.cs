using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace ReliableMqtt.Benchmarks.Micro;

/// <summary>micro: its options.</summary>
internal static class MicroVerb
{
    public static Command Create()
    {
        var filter = new Argument<string>("filter") { Description = "Which, by a pattern over their full names.", DefaultValueFactory = _ => "*" };
        var quick = new Option<bool>("--quick") { Description = "Three iterations each: for allocations, which do not vary." };
        var command = new Command("micro", "The parts of a message's way one by one, with what they allocate (BenchmarkDotNet).") { filter, quick };
        command.SetAction(result => Run(result.GetValue(filter)!, result.GetValue(quick)));
        return command;
    }

    private static int Run(string filter, bool quick)
    {
        // In this process: a project that BenchmarkDotNet makes would be built by the rules of this repository, which it does not keep.
        var job = (quick ? Job.ShortRun : Job.Default).WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.Create(DefaultConfig.Instance).AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).WithOptions(ConfigOptions.JoinSummary)
            .WithArtifactsPath(Path.Combine("artifacts", "micro"));
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroVerb).Assembly).Run(["--filter", filter], config);
        return summaries.Any() && summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
    }
}
