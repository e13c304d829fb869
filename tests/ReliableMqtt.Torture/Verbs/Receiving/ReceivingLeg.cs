using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>Publishes through a broker to a process with a handler, kills the one and the other while messages flow, and counts effects.</summary>
internal sealed class ReceivingLeg(Run run, ReceivingPlan plan)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    public async Task ExecuteAsync()
    {
        await using var site = await Site.StartAsync(run, counts: false, keepsWire: false);
        await using var connection = await site.Redis.ConnectAsync();
        var database = connection.GetDatabase();
        await using var handler = new HandlerProcess(site, plan.Mode, run.Logging is not null);
        await handler.StartAsync(run.Stop);
        await using var publisher = await ReliablePublisher.StartAsync(site.Options("receiver") with { AckTimeout = TimeSpan.FromMinutes(2) }, run.Stop);
        var flow = new ReceivingFlow(run, plan, site, handler, publisher, database);
        await flow.RunAsync();
        await Patience.ReachesAsync(() => flow.Confirmed, plan.Messages, Idle, run.Stop);
        await Patience.ReachesAsync(() => database.HashLength(HandleVerb.Effects), plan.Messages, Idle, run.Stop);
        await handler.EndAsync();
        ReceivingVerdict.Report(
            run, plan, flow.Confirmed, (await database.HashGetAllAsync(HandleVerb.Effects)).ToDictionary(effect => (int)effect.Name, effect => (int)effect.Value),
            await handler.ReadAsync('D'), await handler.ReadAsync('B'), (await handler.ReadAsync('C')).Count, flow.KillsInHandler);
    }
}
