using ReliableMqtt.IntegrationTests.Oracle;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>What must be true after a fleet run.</summary>
internal static class FleetVerdict
{
    private const int MostProblems = 10;

    public static void Report(Run run, FleetPlan plan, FleetTally tally, History history, IReadOnlyList<Replica> replicas, Dictionary<long, int> delivered, WireLog log)
    {
        var report = run.Report;
        report.RequireEqual("fleet: receipts that say confirmed", history.Count(Event.Confirmed), plan.Messages);
        report.RequireEqual("fleet: delivered", delivered.Count, plan.Messages);
        DeliveryReport.Require(report, "fleet", DeliveryCheck.Of(history.Snapshot(), delivered));
        foreach (var replica in replicas) report.Require($"fleet: accepted by {replica.Name}", replica.Accepted > 0, $"{replica.Accepted}", $"more than 0");

        var (near, far, pauses, graceful) = (tally.Takeovers("near"), tally.Takeovers("far"), tally.Takeovers("pause"), tally.Takeovers("graceful"));
        report.RequireEqual("owner killed with -9", near.Count + far.Count, plan.Kills);
        report.RequireEqual("owner killed where the lease has to run out", far.Count, plan.OneNamespace ? 0 : plan.Kills / 2);
        report.RequireEqual("owner paused past its lease", pauses.Count, plan.Pauses);
        report.RequireEqual("paused owners that said to be fenced", tally.Fenced, plan.Pauses);
        report.RequireEqual("paused owners that accepted on as standby", tally.AcceptedAfterPause, plan.Pauses);
        report.RequireEqual("faults with no message on its way", tally.Unanswered.Count(count => count == 0), 0);

        var limit = (plan.Lease + FleetPlan.Promised + FleetPlan.Scheduling).TotalSeconds;
        var gracefulLimit = (FleetPlan.Promised + FleetPlan.Scheduling).TotalSeconds;
        Takeovers("near", "takeover after a kill in one pid namespace", near, gracefulLimit + FleetPlan.Look.TotalSeconds);
        Takeovers("far", "takeover after a kill across pid namespaces", far, limit);
        Takeovers("pause", "takeover from a paused owner", pauses, limit);
        Takeovers("graceful", "takeover from an owner that stopped", graceful, gracefulLimit);

        var packets = log.From().Select(entry => entry.Packet).ToList();
        Problems("packets of a fenced owner after the winner's CONNACK", [.. FencingCheck.Find(packets).Select(packet => packet.ToString())]);
        Problems("rules of the wire broken", [.. WireAudit.Find(packets).Select(problem => problem.ToString())]);
        report.Figure("messages", plan.Messages);
        report.Figure("kills", near.Count + far.Count);
        report.Figure("pauses", pauses.Count);
        report.Figure("lease_s", plan.Lease.TotalSeconds);
        report.Figure("fewest_on_their_way_at_a_fault", tally.Unanswered.DefaultIfEmpty().Min());
        report.Figure("packets", packets.Count);

        void Takeovers(string name, string what, IReadOnlyList<double> seconds, double most)
        {
            if (seconds.Count == 0) return;
            report.Require($"{what}, median and max", seconds[^1] <= most, $"{seconds[seconds.Count / 2]:0.00} s, {seconds[^1]:0.00} s", $"at most {most:0.##} s");
            report.Figure($"{name}_median_s", seconds[seconds.Count / 2]);
            report.Figure($"{name}_max_s", seconds[^1]);
        }

        void Problems(string what, IReadOnlyList<string> problems)
        {
            report.RequireEqual(what, problems.Count, 0);
            foreach (var problem in problems.Take(MostProblems)) report.Detail(problem);
        }
    }
}
