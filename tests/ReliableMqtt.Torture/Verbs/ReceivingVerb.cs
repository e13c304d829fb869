using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Receiving;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>receiver</c>: copies by lost sessions, and a handler that is killed.</summary>
internal static class ReceivingVerb
{
    public static Command Create()
    {
        var messages = new Option<int?>("--messages") { Description = "How many. Default 50,000; with --quick 3,000", HelpName = "N" };
        return VerbCommand.Create(
            "receiver",
            "From a publisher to a handler with deduplication, while the broker loses all sessions in mid-traffic and the handler's process is killed ten times: copies arrive, and each message has its effect once. Then with effect and mark apart, and without deduplication, which must be found out.",
            async (parsed, run) =>
            {
                var (all, faults) = (parsed.GetValue(messages) ?? (run.IsQuick ? 3_000 : 50_000), run.IsQuick ? 3 : 10);
                await new ReceivingLeg(run, new ReceivingPlan(HandlerMode.Transaction, all, faults, faults)).ExecuteAsync();
                await new ReceivingLeg(run, new ReceivingPlan(HandlerMode.Apart, all / 5, faults, 0)).ExecuteAsync();
                await new ReceivingLeg(run, new ReceivingPlan(HandlerMode.None, Math.Min(all, 2_000), 0, 2)).ExecuteAsync();
            },
            messages);
    }
}
