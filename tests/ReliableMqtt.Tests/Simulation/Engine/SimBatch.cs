using System.Collections.Concurrent;
using System.Globalization;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Runs many seeds on all cores.</summary>
internal sealed class SimBatch
{
    private readonly ConcurrentQueue<(int Seed, string Violation)> _found = new();
    private int _seeds;
    private long _messages;
    private readonly ConcurrentDictionary<FaultKind, int> _faults = new();

    /// <summary>How often each kind of fault has happened.</summary>
    public IReadOnlyDictionary<FaultKind, int> Faults => _faults;

    /// <summary>The failing seeds that were found.</summary>
    public IReadOnlyList<(int Seed, string Violation)> Found => [.. _found.OrderBy(found => found.Seed)];

    public string Summary => string.Create(CultureInfo.InvariantCulture, $"{_seeds} seeds, {_messages} simulated messages, {_faults.Values.Sum()} faults, {_found.Count} violations");

    public static SimBatch Run(int firstSeed, int seeds, PlantedBug bug = PlantedBug.None, bool stopsAtFirst = false, bool losesWrites = false)
    {
        var batch = new SimBatch();
        Parallel.For(firstSeed, firstSeed + seeds, (seed, state) =>
        {
            var result = SimRun.Execute(SimPlanner.Make(seed, losesWrites), bug);
            Interlocked.Increment(ref batch._seeds);
            Interlocked.Add(ref batch._messages, result.Messages);
            foreach (var (kind, times) in result.Faults) batch._faults.AddOrUpdate(kind, times, (_, before) => before + times);
            if (result.Violation is null) return;
            batch._found.Enqueue((seed, result.Violation));
            if (stopsAtFirst) state.Stop();
        });
        return batch;
    }

    /// <summary>A failing seed, what it violates, and the trace of its shortest variant.</summary>
    public static string Explain(int seed, PlantedBug bug = PlantedBug.None, bool losesWrites = false)
    {
        var plan = Shrinker.Shrink(SimPlanner.Make(seed, losesWrites), bug);
        var result = SimRun.Execute(plan, bug, keepsText: true);
        return string.Join('\n',
        [
            $"seed {seed}, with {plan.Publishes.Count} messages and {plan.Faults.Count} faults left: {result.Violation}",
            .. result.Trace,
            $"Replay: eng/torture.sh simulate --seed {seed} --seeds 1",
        ]);
    }
}
