namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Everything that a simulated run consists of, on one thread and in virtual time.</summary>
internal sealed class SimWorld
{
    public const string PublisherId = "p";

    public static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SimSchedule _schedule;
    private readonly Random[] _randoms;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly int[] _lives;
    private readonly SimProcess[] _processes;
    private ViolationException? _violation;
    private long _events;

    public SimWorld(SimPlan plan, SimSchedule schedule, PlantedBug bug = PlantedBug.None, bool keepsText = false)
    {
        (Plan, Bug, _schedule) = (plan, bug, schedule);
        _randoms = [.. Enum.GetValues<SimStream>().Select(stream => new Random(unchecked((plan.Seed * 31) + (int)stream + 1)))];
        Trace = new SimTrace(keepsText);
        Store = new SimStore(this);
        Messages = new MessageChecks(this);
        Wire = new WireChecks(this);
        Store.Durable.Ended = Wire.OnEnded;
        Broker = new SimBroker(this);
        _lives = new int[plan.Processes];
        _processes = [.. Enumerable.Range(0, plan.Processes).Select(slot => new SimProcess(this, slot, _lives[slot]))];
    }

    public SimPlan Plan { get; }

    public PlantedBug Bug { get; }

    public DateTimeOffset Now { get; private set; } = Begin;

    /// <summary>Counts events.</summary>
    public int Step { get; private set; }

    /// <summary>Nothing goes wrong any more: everything must come to its end.</summary>
    public bool IsHealing { get; set; }

    /// <summary>Counts connections of all processes.</summary>
    public int Connections { get; set; }

    public SimTrace Trace { get; }

    public SimStore Store { get; }

    public SimBroker Broker { get; }

    public MessageChecks Messages { get; }

    public WireChecks Wire { get; }

    /// <summary>The present life of each process.</summary>
    public IReadOnlyList<SimProcess> Processes => _processes;

    public void Start()
    {
        foreach (var process in _processes) Start(process);
    }

    private static void Start(SimProcess process)
    {
        process.Start();
        process.Look();
    }

    /// <summary>The dead process starts again, with nothing but what the ledger has.</summary>
    public void Restart(int slot)
    {
        if (!_processes[slot].IsDead) return;
        _processes[slot] = new SimProcess(this, slot, ++_lives[slot]);
        Start(_processes[slot]);
    }

    public SimEvent After(TimeSpan delay, SimProcess? of, string lane, Action run, bool isTimer = false)
    {
        CheckThread();
        var item = new SimEvent(Now + delay, ++_events, of, lane, run) { IsTimer = isTimer };
        _schedule.Add(item);
        return item;
    }

    /// <summary>Lets the next event happen. False when there is none.</summary>
    public bool TryStep()
    {
        while (_schedule.Next() is { } item)
        {
            if (item.IsCancelled || item.Of is { IsDead: true }) continue;
            if (item.Of is { } process && process.SleepsUntil > item.At)
            {
                item.At = process.SleepsUntil;
                _schedule.Add(item);
                continue;
            }

            if (item.At > Now) Now = item.At;
            Step++;
            item.Run();
            foreach (var alive in _processes)
                if (!alive.IsDead) alive.Look();
            return _violation is null ? true : throw _violation;
        }

        return false;
    }

    /// <summary>A violation that was found where throwing would not get out.</summary>
    public void Fail(ViolationException violation) => _violation ??= violation;

    /// <summary>Nothing that was simulated may go on anywhere else: a run would not be the same twice.</summary>
    public void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread) Fail(new ViolationException($"simulated code runs on another thread: {Environment.StackTrace}"));
    }

    public int Draw(SimStream stream, int from, int below) => _randoms[(int)stream].Next(from, below);

    public bool Chance(SimStream stream, int oneIn) => oneIn > 0 && _randoms[(int)stream].Next(oneIn) == 0;

    public TimeSpan Delay(SimStream stream, int atMostMilliseconds) => atMostMilliseconds <= 0 ? TimeSpan.Zero : TimeSpan.FromTicks(_randoms[(int)stream].NextInt64(atMostMilliseconds * TimeSpan.TicksPerMillisecond));
}
