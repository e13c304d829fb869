namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>A few messages, and everything that can happen to them: each event that may be next, a cut and a kill at each point.</summary>
internal static class Exploration
{
    private const int StepsAtMost = 3_000;

    /// <summary>Explores all ways; returns how many there were.</summary>
    /// <param name="qos">The QoS of each message, in their order.</param>
    /// <param name="window">How many may be in flight.</param>
    /// <param name="deviationsAtMost">So many times on one way something else than the usual happens.</param>
    /// <param name="deliversAtPubRel">When the broker delivers at QoS 2.</param>
    /// <param name="bug">A planted bug.</param>
    public static int Run(int[] qos, int window, int deviationsAtMost, bool deliversAtPubRel, PlantedBug bug = PlantedBug.None)
    {
        var plan = new SimPlan { Seed = 1, MaxInFlight = window, DelayMilliseconds = 0, DeliversAtPubRel = deliversAtPubRel };
        var choices = new Choices(deviationsAtMost);
        var ways = 0;
        do
        {
            ways++;
            try
            {
                Walk(plan, qos, choices, bug);
            }
            catch (ViolationException violation)
            {
                throw new ViolationException($"QoS {string.Join(' ', qos)}, window {window}, way {ways}, choices {choices}: {violation.Message}");
            }
        }
        while (choices.TryNext());
        return ways;
    }

    private static void Walk(SimPlan plan, int[] qos, Choices choices, PlantedBug bug)
    {
        var schedule = new ChosenSchedule(choices);
        var world = new SimWorld(plan, schedule, bug);
        world.Start();
        while (world.Broker.Current is not { IsOpenAtClient: true }) Step(world);
        for (var i = 0; i < qos.Length; i++) world.Processes[0].Publish(new SimPublish(0, i, 0, qos[i]) { WantsConfirm = true });
        world.Processes[0].Look();
        schedule.IsFree = true;
        while (!world.Processes[0].IsDead && !IsDone(world))
        {
            switch (choices.Choose(3))
            {
                case 1:
                    Cut(world);
                    break;
                case 2:
                    Kill(world);
                    break;
            }

            Step(world);
        }

        schedule.IsFree = false;
        world.IsHealing = true;
        world.Restart(0);
        while (!IsDone(world)) Step(world);
        world.Messages.CheckEnd(world.Store.Open(world.Processes[0].Clock));
    }

    private static bool IsDone(SimWorld world) => world.Processes[0].IsSettled && world.Store.IsEmpty;

    private static void Step(SimWorld world)
    {
        if (world.Step > StepsAtMost) throw new ViolationException("no progress");
        if (!world.TryStep()) throw new ViolationException("nothing happens any more");
    }

    private static void Cut(SimWorld world)
    {
        if (world.Broker.Current is not { IsDead: false } current) return;
        current.Break(keepsSome: false);
        current.EndAtBroker();
        current.EndAtClient(new Session.ConnectionLoss(Session.LossCause.Link));
    }

    /// <summary>The next process sees that this one is dead, and need not wait for its lease to run out.</summary>
    private static void Kill(SimWorld world)
    {
        var process = world.Processes[0];
        if (process.IsDead) return;
        process.Die();
        if (process.Ledger.Epoch is { } epoch) world.Store.Release(epoch);
        world.Restart(0);
    }
}
