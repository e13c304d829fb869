using System.CommandLine;
using ReliableMqtt.Tests.Simulation.Engine;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>simulate</c>: the deterministic simulation, many seeds, or one of them with its trace.</summary>
internal static class SimulateVerb
{
    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "How many seeds, from --seed on. 1 prints the whole trace", HelpName = "N", DefaultValueFactory = _ => 10_000 };
        var losesWrites = new Option<bool>("--lose-writes") { Description = "In a quarter of the runs the store goes back in time" };
        return VerbCommand.Create(
            "simulate",
            "Processes, broker, ledger, network and clock simulated on one thread: the same seed is the same run. What fails is printed with its seed and the shortest trace that was found.",
            (parsed, run) =>
            {
                if (parsed.GetValue(seeds) == 1) One(run, parsed.GetValue(losesWrites));
                else Many(run, run.IsQuick ? 1_000 : parsed.GetValue(seeds), parsed.GetValue(losesWrites));
                return Task.CompletedTask;
            },
            seeds,
            losesWrites);
    }

    private static void One(Run run, bool losesWrites)
    {
        var result = SimRun.Execute(SimPlanner.Make(run.Seed, losesWrites), keepsText: true);
        foreach (var line in result.Trace) Console.WriteLine(line);
        run.Report.Require("every promise holds", result.Violation is null, $"{result.Violation ?? "no violation"}", $"no violation");
        run.Report.Figure("hash", $"{result.Hash:x16}");
    }

    private static void Many(Run run, int count, bool losesWrites)
    {
        var batch = SimBatch.Run(run.Seed, count, losesWrites: losesWrites);
        foreach (var (seed, violation) in batch.Found.Take(20)) run.Report.Say($"seed {seed}: {violation}");
        if (batch.Found.Count > 0) run.Report.Detail(SimBatch.Explain(batch.Found[0].Seed, losesWrites: losesWrites));
        run.Report.Say(batch.Summary);
        run.Report.RequireEqual("seeds that break a promise", batch.Found.Count, 0);
    }
}
