namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>The clock of one simulated process: its timers are events, and die with it.</summary>
internal sealed class SimClock(SimWorld world, SimProcess process) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => world.Now;

    public override long GetTimestamp() => world.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(SimClock clock, TimerCallback callback, object? state) : ITimer
    {
        private SimEvent? _next;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_next is not null) _next.IsCancelled = true;
            _next = dueTime == Timeout.InfiniteTimeSpan ? null : clock.Add(dueTime, () => callback(state));
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private SimEvent Add(TimeSpan after, Action run) => world.After(after, process, "timer", run, isTimer: true);
}
