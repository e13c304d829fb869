namespace ReliableMqtt;

/// <summary>
/// When the time of each waiting call is over, with one timer for all of them. Nearly every call ends long before: so that costs no more than a place in a list, in
/// which all have the same timeout and therefore stand in the order of their deadlines.
/// </summary>
internal sealed class Deadlines : IDisposable
{
    private const int LinesKept = 16;

    /// <summary>What a call gets more that a commit has at its deadline.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    private readonly object _gate = new();
    private readonly Dictionary<(TimeSpan Timeout, bool IsGrace), DeadlineLine> _lines = [];
    private readonly TimeProvider _time;
    private readonly Action<PublishCall> _over;
    private readonly long _origin;
    private readonly ITimer _timer;
    private TimeSpan? _timerAt;

    /// <param name="time">The clock.</param>
    /// <param name="over">Told of a call whose time is over, outside any lock.</param>
    public Deadlines(TimeProvider time, Action<PublishCall> over)
    {
        (_time, _over, _origin) = (time, over, time.GetTimestamp());
        _timer = time.CreateTimer(static state => ((Deadlines)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <param name="call">The call.</param>
    /// <param name="timeout">How long it waits; it never hears of an infinite one.</param>
    /// <param name="isGrace">That time is over, and it waits a moment more.</param>
    public void Add(PublishCall call, TimeSpan timeout, bool isGrace)
    {
        if (timeout == Timeout.InfiniteTimeSpan) return;
        lock (_gate)
        {
            if (call.Task.IsCompleted) return;
            if (!_lines.TryGetValue((timeout, isGrace), out var line)) _lines.Add((timeout, isGrace), line = new DeadlineLine(timeout, isGrace));
            call.Due = Now + (isGrace ? Grace : timeout);
            line.Append(call);
            if (line.First == call) WakeBy(call.Due);
        }
    }

    public void Remove(PublishCall call)
    {
        lock (_gate)
        {
            if (call.Due != TimeSpan.Zero) call.Line!.Remove(call);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        List<PublishCall> over = [];
        lock (_gate)
        {
            _timerAt = null;
            var now = Now;
            foreach (var (kind, line) in _lines)
            {
                while (line.First is { } first && first.Due <= now)
                {
                    line.Remove(first);
                    over.Add(first);
                }

                if (line.First is { } next) WakeBy(next.Due);
                else if (_lines.Count > LinesKept) _lines.Remove(kind);
            }
        }

        foreach (var call in over) _over(call);
    }

    // Holds the gate.
    private void WakeBy(TimeSpan at)
    {
        if (_timerAt <= at) return;
        _timerAt = at;
        var left = at - Now;
        _timer.Change(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left, Timeout.InfiniteTimeSpan);
    }
}

/// <summary>Calls with the same timeout, in the order of their deadlines.</summary>
internal sealed class DeadlineLine(TimeSpan timeout, bool isGrace)
{
    public TimeSpan Timeout => timeout;

    public bool IsGrace => isGrace;

    private PublishCall? _last;

    public PublishCall? First { get; private set; }

    public void Append(PublishCall call)
    {
        (call.Line, call.Previous, call.Next) = (this, _last, null);
        if (_last is null) First = call;
        else _last.Next = call;
        _last = call;
    }

    public void Remove(PublishCall call)
    {
        if (call.Previous is { } previous) previous.Next = call.Next;
        else First = call.Next;
        if (call.Next is { } next) next.Previous = call.Previous;
        else _last = call.Previous;
        (call.Due, call.Previous, call.Next) = (default, null, null);
    }
}
