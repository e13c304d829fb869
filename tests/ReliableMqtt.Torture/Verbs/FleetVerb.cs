using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Fleet;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>fleet</c>: several processes with one publisher id, whose owner is killed and paused.</summary>
internal static class FleetVerb
{
    public static Command Create()
    {
        var messages = new Option<int?>("--messages") { Description = "How many. Default 50,000; with --quick 3,000", HelpName = "N" };
        var lease = new Option<double?>("--lease") { Description = "The lease, at least 5. Default 10; with --quick 5", HelpName = "SECONDS" };
        var one = new Option<bool>("--one-namespace") { Description = "Leave out the kills with owner and standby in different pid namespaces, which need root and unshare" };
        return VerbCommand.Create(
            "fleet",
            "Three replicas with one publisher id share QoS 2 messages; the owner is killed with -9 ten times, half of them where its death cannot be looked up, and paused past its lease three times. Everything is answered and delivered exactly one time.",
            (parsed, run) => new FleetRun(run, new FleetPlan(
                parsed.GetValue(messages) ?? (run.IsQuick ? 3_000 : 50_000), TimeSpan.FromSeconds(parsed.GetValue(lease) ?? (run.IsQuick ? 5 : 10)),
                Kills: run.IsQuick ? 2 : 10, Pauses: run.IsQuick ? 1 : 3, parsed.GetValue(one))).ExecuteAsync(),
            messages, lease, one);
    }
}
