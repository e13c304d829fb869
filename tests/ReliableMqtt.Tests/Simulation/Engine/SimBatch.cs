using System.Globalization;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Runs many seeds on all cores, and tells of the first that fails.</summary>
internal sealed class SimBatch
{
    private int _seeds;
    private long _messages;
    private long _faults;
    private int _violations;
    private readonly System.Collections.Concurrent.ConcurrentQueue<(int Seed, string Violation)> _found = new();
    private int _failed = -1;

    /// <summary>All failing seeds that were found.</summary>
    public IEnumerable<(int Seed, string Violation)> Found => _found.OrderBy(found => found.Seed);

    /// <summary>The first failing seed that was found; -1 for none.</summary>
    public int FailedSeed => _failed;

    public string Summary => string.Create(CultureInfo.InvariantCulture, $"{_seeds} seeds, {_messages} simulated messages, {_faults} faults, {_violations} violations");

    public static SimBatch Run(int firstSeed, int seeds, PlantedBug bug = PlantedBug.None, bool stopsAtFirst = true)
    {
        var batch = new SimBatch();
        Parallel.For(firstSeed, firstSeed + seeds, (seed, state) =>
        {
            var result = SimRun.Execute(SimPlanner.Make(seed), bug);
            Interlocked.Increment(ref batch._seeds);
            Interlocked.Add(ref batch._messages, result.Messages);
            Interlocked.Add(ref batch._faults, result.Faults);
            if (result.Violation is null) return;
            Interlocked.Increment(ref batch._violations);
            batch._found.Enqueue((seed, result.Violation));
            Interlocked.CompareExchange(ref batch._failed, seed, -1);
            if (stopsAtFirst) state.Stop();
        });
        return batch;
    }
}
