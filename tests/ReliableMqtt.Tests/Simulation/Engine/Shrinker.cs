using System.Diagnostics;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Makes a failing plan short: leaves out messages, faults and whole kinds of trouble as long as it goes on to fail.</summary>
internal static class Shrinker
{
    private const int RunsAtMost = 1_500;
    private static readonly TimeSpan TimeAtMost = TimeSpan.FromSeconds(10);

    /// <summary>The shortest failing variant that was found in bounded time.</summary>
    public static SimPlan Shrink(SimPlan plan, PlantedBug bug = PlantedBug.None)
    {
        var started = Stopwatch.GetTimestamp();
        var runs = 0;
        bool Fails(SimPlan candidate) => runs++ < RunsAtMost && Stopwatch.GetElapsedTime(started) < TimeAtMost && SimRun.Execute(candidate, bug).Violation is not null;

        for (var before = int.MaxValue; Size(plan) < before;)
        {
            before = Size(plan);
            foreach (var simpler in Simpler(plan).ToList())
            {
                var candidate = simpler(plan);
                if (Size(candidate) < Size(plan) && Fails(candidate)) plan = candidate;
            }

            plan = WithFewer(plan, plan.Faults, (all, left) => all with { Faults = left }, Fails);
            plan = WithFewer(plan, plan.Publishes, (all, left) => all with { Publishes = left }, Fails);
        }

        return plan;
    }

    private static int Size(SimPlan plan) => (10 * plan.Publishes.Count) + (10 * plan.Faults.Count) + (5 * plan.Processes)
        + (plan.LedgerFailsOneIn > 0 ? 5 : 0) + (plan.LedgerIsSlowOneIn > 0 ? 5 : 0) + (plan.RefusesOneIn > 0 ? 5 : 0) + (plan.StrayAckOneIn > 0 ? 5 : 0);

    private static IEnumerable<Func<SimPlan, SimPlan>> Simpler(SimPlan plan)
    {
        yield return all => all with { LedgerFailsOneIn = 0 };
        yield return all => all with { LedgerIsSlowOneIn = 0 };
        yield return all => all with { RefusesOneIn = 0 };
        yield return all => all with { StrayAckOneIn = 0 };
        for (var processes = 1; processes < plan.Processes; processes++)
        {
            var count = processes;
            yield return all => all with
            {
                Processes = Math.Min(count, all.Processes),
                LastOnlyAccepts = false,
                Publishes = [.. all.Publishes.Select(publish => publish with { Process = publish.Process % count })],
                Faults = [.. all.Faults.Select(fault => fault with { Process = fault.Process % count })],
            };
        }
    }

    private static SimPlan WithFewer<T>(SimPlan plan, IReadOnlyList<T> items, Func<SimPlan, IReadOnlyList<T>, SimPlan> with, Func<SimPlan, bool> fails)
    {
        for (var size = Math.Max(1, items.Count / 2); size > 0; size /= 2)
        {
            for (var from = 0; from < items.Count;)
            {
                List<T> left = [.. items.Take(from), .. items.Skip(from + size)];
                if (!fails(with(plan, left)))
                {
                    from += size;
                    continue;
                }

                items = left;
                plan = with(plan, left);
            }
        }

        return plan;
    }
}
