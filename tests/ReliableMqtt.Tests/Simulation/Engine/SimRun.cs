
namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>What came of a run.</summary>
internal sealed record SimResult(int Messages, IReadOnlyDictionary<FaultKind, int> Faults, int Steps, ulong Hash, string? Violation, IReadOnlyList<string> Trace);

/// <summary>Executes a plan: the messages and faults at their steps, then everything has to come to its end.</summary>
internal sealed class SimRun
{
    private const int StepsToHealAtMost = 60_000;

    private readonly SimPlan _plan;
    private readonly SimWorld _world;
    private readonly Dictionary<FaultKind, int> _faults = [];
    private int _published;

    private SimRun(SimPlan plan, PlantedBug bug, bool keepsText) => (_plan, _world) = (plan, new SimWorld(plan, new TimedSchedule(), bug, keepsText));

    public static SimResult Execute(SimPlan plan, PlantedBug bug = PlantedBug.None, bool keepsText = false)
    {
        var run = new SimRun(plan, bug, keepsText);
        string? violation = null;
        try
        {
            run.Execute();
        }
        catch (ViolationException error)
        {
            violation = error.Message;
        }
        catch (Exception error)
        {
            violation = error.ToString(); // An error that nobody has expected is one too many.
        }

        var world = run._world;
        return new SimResult(run._published, run._faults, world.Step, world.Trace.Hash, violation, world.Trace.Lines);
    }

    private void Execute()
    {
        _world.Start();
        int nextPublish = 0, nextFault = 0;
        while (nextPublish < _plan.Publishes.Count || nextFault < _plan.Faults.Count)
        {
            Step();
            while (nextPublish < _plan.Publishes.Count && _plan.Publishes[nextPublish].AtStep <= _world.Step) Publish(_plan.Publishes[nextPublish++]);
            while (nextFault < _plan.Faults.Count && _plan.Faults[nextFault].AtStep <= _world.Step) Apply(_plan.Faults[nextFault++]);
        }

        Heal();
    }

    private void Step()
    {
        if (!_world.TryStep()) throw new ViolationException("nothing happens any more");
    }

    private void Publish(SimPublish publish)
    {
        var process = _world.Processes[publish.Process];
        if (process.IsDead || process.IsAsleep) return;
        process.Publish(publish);
        _published++;
    }

    private void Heal()
    {
        _world.IsHealing = true;
        _world.Trace.Note(_world, "no more faults");
        _world.Broker.StayAway(TimeSpan.Zero);
        foreach (var process in _world.Processes) process.Ledger.OutUntil = default;
        for (var slot = 0; slot < _plan.Processes; slot++) _world.Restart(slot);
        for (var steps = 0; !IsDone(); steps++)
        {
            if (steps % 1_000 == 999) Reconnect();
            if (steps > StepsToHealAtMost) throw new ViolationException($"no progress: {Describe()}");
            Step();
        }

        using var ledger = new SyncDisposed(_world);
        _world.Messages.CheckEnd(ledger.Ledger);
    }

    /// <summary>
    /// A process that sleeps between the question for its lease and the CONNECT throws its successor out when it wakes: the successor says that it is fenced, and waits for the application.
    /// </summary>
    private void Reconnect()
    {
        foreach (var process in _world.Processes)
            if (process.Ownership.IsOwner) process.Link.Reconnect();
    }

    private string Describe()
    {
        var unanswered = _world.Messages.All.Where(message => !message.Process.IsDead && !message.Ticket.Done.IsCompleted).Select(message => message.Topic);
        return $"{string.Join(", ", _world.Processes.Select(process => $"{process.Name} owns: {process.Ownership.IsOwner}, {process.Pump.Snapshot}"))}; unanswered: {string.Join(' ', unanswered)}; flushes and waiters settled: {string.Join(' ', _world.Processes.Select(process => process.IsSettled))}; ledger empty: {_world.Store.IsEmpty}, suspect: {_world.Store.IsSuspect}";
    }

    private bool IsDone()
    {
        if (_world.Step % 16 != 0 || _world.Store.IsSuspect) return false;
        foreach (var process in _world.Processes)
            if (!process.IsSettled) return false;
        return _world.Store.IsEmpty;
    }

    private void Apply(in SimFault fault)
    {
        if (Faults.TryApply(_world, fault)) _faults[fault.Kind] = _faults.GetValueOrDefault(fault.Kind) + 1;
    }

    /// <summary>Looks into the store as somebody who owns nothing.</summary>
    private sealed class SyncDisposed(SimWorld world) : IDisposable
    {
        public Ledger.InMemoryAckLedger Ledger { get; } = world.Store.Open(world.Processes[0].Clock);

        public void Dispose() => _ = Ledger.DisposeAsync().AsTask();
    }
}
