namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Makes the plan of a seed.</summary>
internal static class SimPlanner
{
    private static readonly FaultKind[] Often =
        [FaultKind.Cut, FaultKind.Cut, FaultKind.Cut, FaultKind.Vanish, FaultKind.Disconnect, FaultKind.NoBroker, FaultKind.LedgerOut, FaultKind.Withdraw, FaultKind.Flush];

    /// <param name="seed">The seed.</param>
    /// <param name="losesWrites">In some runs the store goes back in time.</param>
    public static SimPlan Make(int seed, bool losesWrites = false)
    {
        var random = new Random(seed);
        var messages = random.Next(20, 61);
        var steps = messages * random.Next(8, 30);
        var processes = random.Next(1, 4);
        List<FaultKind> kinds = [.. Often, FaultKind.Crash, FaultKind.Crash, FaultKind.Handover];
        if (random.Next(2) == 0) kinds.AddRange([FaultKind.Pause, FaultKind.Pause]);
        if (random.Next(3) == 0) kinds.Add(FaultKind.SessionLoss);
        if (random.Next(6) == 0) kinds.Add(FaultKind.Limits);
        if (random.Next(4) == 0 && losesWrites) kinds.AddRange([FaultKind.Save, FaultKind.Save, FaultKind.Save, FaultKind.GoBack, FaultKind.GoBack]);
        var poison = random.Next(12) == 0 ? random.Next(messages) : -1;
        return new SimPlan
        {
            Seed = seed,
            Processes = processes,
            LastOnlyAccepts = processes > 1 && random.Next(4) == 0,
            MaxInFlight = random.Next(1, 10),
            MaxBatch = random.Next(1, 9),
            Prefetch = random.Next(2, 12),
            MaxAttempts = random.Next(3) == 0 ? random.Next(1, 4) : 1000,
            MaxPending = random.Next(6) == 0 ? random.Next(3, 12) : 1_000_000,
            ReceiveMaximum = random.Next(3) == 0 ? 65_535 : random.Next(1, 8),
            DeliversAtPubRel = random.Next(2) == 0,
            IsMqtt5 = random.Next(4) > 0,
            SaysTakenOver = random.Next(3) > 0,
            LedgerAnswersAtOnce = random.Next(10) == 0,
            SessionLossPolicy = (SessionLossPolicy)random.Next(2),
            Ordering = (PublishOrdering)random.Next(2),
            Overflow = (OverflowPolicy)random.Next(2),
            LedgerFailsOneIn = random.Next(2) == 0 ? 0 : random.Next(8, 60),
            LedgerIsSlowOneIn = random.Next(2) == 0 ? 0 : random.Next(4, 30),
            RefusesOneIn = random.Next(3) == 0 ? 0 : random.Next(4, 40),
            StrayAckOneIn = random.Next(2) == 0 ? 0 : random.Next(3, 30),
            DelayMilliseconds = random.Next(3) == 0 ? random.Next(20, 300) : random.Next(1, 20),
            Publishes = [.. Enumerable.Range(0, messages).Select(i => Publish(random, i, steps, processes, messages, i == poison)).OrderBy(p => p.AtStep)],
            Faults = [.. Enumerable.Range(0, random.Next(0, 1 + (steps / 25))).Select(_ => Fault(random, kinds, steps, processes)).OrderBy(f => f.AtStep)],
        };
    }

    private static SimPublish Publish(Random random, int number, int steps, int processes, int messages, bool isPoison) =>
        new(random.Next(steps), number, random.Next(processes), random.Next(1, 3))
        {
            Id = random.Next(3) == 0 ? random.Next(1, messages) : 0,
            ExpiresInMilliseconds = random.Next(10) == 0 ? random.Next(1, 5_000) : 0,
            WantsConfirm = random.Next(2) == 0,
            Retain = random.Next(8) == 0,
            IsPoison = isPoison,
        };

    private static SimFault Fault(Random random, List<FaultKind> kinds, int steps, int processes) =>
        new(random.Next(steps), kinds[random.Next(kinds.Count)], random.Next(processes), random.Next(1_000_000));
}
