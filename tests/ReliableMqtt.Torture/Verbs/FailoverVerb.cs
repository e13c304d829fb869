using System.CommandLine;
using ReliableMqtt.Torture.Verbs.Failover;

namespace ReliableMqtt.Torture.Verbs;

/// <summary><c>failover</c>: the ledger's Redis is replaced by another one in mid-traffic.</summary>
internal static class FailoverVerb
{
    public static Command Create()
    {
        var messages = new Option<int?>("--messages") { Description = "How many for each leg. Default 20,000; with --quick 3,000", HelpName = "N" };
        return VerbCommand.Create(
            "failover",
            "A replica that has everything is promoted; one that lacks the last writes is promoted, also while the owner stands still; the slot of the ledger is moved in a cluster of three masters. All who publish live on, and nothing is lost or unknown.",
            async (parsed, run) =>
            {
                var size = parsed.GetValue(messages) ?? (run.IsQuick ? 3_000 : 20_000);
                var faults = run.IsQuick ? 1 : 6;
                await using (var pair = await Processes.RedisFailover.StartAsync())
                    await new FailoverLeg(run, "promoted in sync", pair.Address, size).ExecuteAsync(faults, async (_, _) =>
                    {
                        await pair.KillInSyncAsync();
                        await pair.PromoteAsync();
                    }, pair.AddReplicaAsync);
                foreach (var ownerRests in new[] { false, true })
                {
                    await using var pair = await Processes.RedisFailover.StartAsync();
                    var leg = new FailoverLeg(run, ownerRests ? "promoted behind, unread" : "promoted behind", pair.Address, size) { LosesWrites = true, OwnerRests = ownerRests };
                    await leg.ExecuteAsync(faults, async (_, random) =>
                    {
                        leg.RolledBack += await pair.KillBehindAsync(TimeSpan.FromMilliseconds(random.Next(50, 400)), FailoverLeg.PublisherId, run.Stop);
                        await pair.PromoteAsync();
                    }, pair.AddReplicaAsync);
                }

                await using (var cluster = await IntegrationTests.Fixtures.RedisCluster.StartAsync())
                    await new FailoverLeg(run, "slot moved", cluster.Address, size).ExecuteAsync(
                        faults, (_, _) => cluster.MoveSlotAsync($"reliable-mqtt:{{{FailoverLeg.PublisherId}}}:header"), () => Task.CompletedTask);
            },
            messages);
    }
}
