using System.CommandLine;
using System.CommandLine.Invocation;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Journal;
using ReliableMqtt.Torture.Verbs;

namespace ReliableMqtt.Torture;

/// <summary>The verbs, and what the process returns: 0 when every check held, 1 when one did not, 2 for bad usage or when something is missing.</summary>
internal static class CommandLine
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int BadUsage = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Crashes, faults and limits, on real servers, with checks: see docs/testing.md.")
        {
            TortureVerb.Create(), SimulateVerb.Create(), FleetVerb.Create(), FailoverVerb.Create(), CommitCostVerb.Create(), BacklogVerb.Create(), FullVerb.Create(), PoisonVerb.Create(), ReceivingVerb.Create(), SqliteVerb.Create(),
            AcceptVerb.Create(), SendVerb.Create(), ReplicaVerb.Create(), PublishVerb.Create(), ReceiverVerb.Create(), HandleVerb.Create(),
        };
        // Without a verb a profile is meant.
        if (args.Length > 0 && args[0].StartsWith('-') && args.Any(word => word == TortureVerb.Profile || word.StartsWith(TortureVerb.Profile + "=", StringComparison.Ordinal))) args = [TortureVerb.Name, .. args];
        var parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction || args.Length == 0)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
            await Console.Error.WriteLineAsync($"usage: --profile ci|release | {string.Join(" | ", root.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name))} [--seed N] [--quick] [--json FILE]; try --help.");
            return BadUsage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30), // Ctrl-C cancels the verb, which then ends its processes.
        });
    }
}
