using System.Diagnostics;

namespace ReliableMqtt.Torture.Checks;

/// <summary>Something bad that was done.</summary>
/// <param name="kind">What.</param>
/// <param name="scope">To which publisher; null when to all, as a server's end is.</param>
internal sealed class Fault(string kind, string? scope)
{
    private long _end = long.MaxValue;

    public string Kind => kind;

    public string? Scope => scope;

    /// <summary>Since when, in <see cref="Stopwatch"/> ticks.</summary>
    public long Start { get; init; } = Stopwatch.GetTimestamp();

    /// <summary>Until when; the largest value while it lasts.</summary>
    public long End
    {
        get => Volatile.Read(ref _end);
        init => _end = value;
    }

    /// <summary>By when the process that it was done to was dead; 0 when none was killed.</summary>
    public long Death { get; private set; }

    /// <summary>True when this publisher has to do with it.</summary>
    public bool Concerns(string publisher) => scope is null || scope == publisher;

    /// <summary>The process is dead.</summary>
    public void Killed() => Death = Stopwatch.GetTimestamp();

    /// <summary>It is over: what was cut may be made again, what was ended has been started.</summary>
    public void Over() => Volatile.Write(ref _end, Stopwatch.GetTimestamp());
}

/// <summary>All faults of a run.</summary>
internal sealed class FaultLog
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    public IReadOnlyList<Fault> All
    {
        get { lock (_lock) return [.. _faults]; }
    }

    /// <summary>Notes that one begins.</summary>
    public Fault Begin(string kind, string? scope = null)
    {
        var fault = new Fault(kind, scope);
        lock (_lock) _faults.Add(fault);
        return fault;
    }
}
