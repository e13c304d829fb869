using System.CommandLine;
using ReliableMqtt.Tests.Simulation.Engine;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>simulate</c>: the deterministic simulation, many seeds, or one of them with its trace.</summary>
internal static class SimulateVerb
{
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "How many seeds, from --seed on. 1 prints the whole trace", HelpName = "N", DefaultValueFactory = _ => 10_000 };
        return VerbCommand.Create(
            "simulate",
            "Processes, broker, ledger, network and clock simulated on one thread: the same seed is the same run. What fails is printed with its seed and the shortest trace that was found.",
            (parsed, run) =>
            {
                if (parsed.GetValue(seeds) == 1) One(run);
                else Many(run, run.IsQuick ? 1_000 : parsed.GetValue(seeds));
                return Task.CompletedTask;
            },
            seeds);
    }

    private static void One(Run run)
    {
        var result = SimRun.Execute(SimPlanner.Make(run.Seed), keepsText: true);
        foreach (var line in result.Trace) Console.WriteLine(line);
        run.Report.Require("every promise holds", result.Violation is null, $"{result.Violation ?? "no violation"}", $"no violation");
        run.Report.Figure("hash", $"{result.Hash:x16}");
    }

    private static void Many(Run run, int count)
    {
        var batch = SimBatch.Run(run.Seed, count);
        foreach (var (seed, violation) in batch.Found.Take(20)) run.Report.Say($"seed {seed}: {violation}");
        if (batch.Found.Count > 0) run.Report.Detail(SimBatch.Explain(batch.Found[0].Seed));
        run.Report.Say(batch.Summary);
        run.Report.RequireEqual("seeds that break a promise", batch.Found.Count, 0);
    }
}
