namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>Something that happens at a moment of virtual time.</summary>
/// <param name="at">When.</param>
/// <param name="number">Counts events: of two at one moment the older one comes first.</param>
/// <param name="of">The process that it happens in: nothing happens in one that is dead, and later in one that sleeps.</param>
/// <param name="lane">Events of one lane keep their order.</param>
/// <param name="run">What happens.</param>
internal sealed class SimEvent(DateTimeOffset at, long number, SimProcess? of, string lane, Action run)
{
    public DateTimeOffset At { get; set; } = at;

    public long Number => number;

    public SimProcess? Of => of;

    public string Lane => lane;

    public bool IsCancelled { get; set; }

    /// <summary>It waits for time to pass: an exploration lets it happen only when nothing else can.</summary>
    public bool IsTimer { get; init; }

    public void Run() => run();
}

/// <summary>Decides what happens next.</summary>
internal abstract class SimSchedule
{
    public abstract void Add(SimEvent item);

    /// <summary>The next event; null when nothing is left to happen.</summary>
    public abstract SimEvent? Next();
}

/// <summary>By virtual time: the seed has chosen the delays, and with them the order.</summary>
internal sealed class TimedSchedule : SimSchedule
{
    private readonly PriorityQueue<SimEvent, (long, long)> _queue = new();

    public override void Add(SimEvent item) => _queue.Enqueue(item, (item.At.Ticks, item.Number));

    public override SimEvent? Next() => _queue.TryDequeue(out var item, out _) ? item : null;
}
