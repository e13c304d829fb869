using System.CommandLine;
using ReliableMqtt.Torture.Verbs.CommitCost;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>commit-cost</c>: what a message costs Redis, alone and while others append.</summary>
internal static class CommitCostVerb
{
    public static Command Create()
    {
        var seconds = new Option<double?>("--seconds") { Description = "For each measurement. Default 3; with --quick 0.3", HelpName = "S" };
        var rounds = new Option<int?>("--rounds") { Description = "Default 5; with --quick 1", HelpName = "N" };
        return VerbCommand.Create(
            "commit-cost",
            "Throughput and Redis's processor time for a message, for group commits of 1, 16, 128 and 512: the owner alone, three acceptors alone, and both. All variants in turn in each round; medians.",
            (parsed, run) => CostTable.MeasureAsync(
                run, TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? (run.IsQuick ? 0.3 : 3)), parsed.GetValue(rounds) ?? (run.IsQuick ? 1 : 5)),
            seconds, rounds);
    }
}
