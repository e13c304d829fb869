using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>
/// Gives messages to the replicas: each has its share of the numbers, and no more than a window unanswered. No more than is allowed goes out, so that some are
/// left for every fault.
/// </summary>
internal sealed class Feeder(IReadOnlyList<Replica> replicas, int messages, int window)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    private readonly long[] _next = [.. Enumerable.Range(1, replicas.Count).Select(first => (long)first)];
    private volatile Replica? _resting;
    private long _allowed;

    /// <summary>Numbers up to this one may go out.</summary>
    public long Allowed
    {
        get => Volatile.Read(ref _allowed);
        set => Volatile.Write(ref _allowed, Math.Min(value, messages));
    }

    /// <summary>This one gets nothing for now: it is paused, or has no process.</summary>
    public Replica? Resting
    {
        get => _resting;
        set => _resting = value;
    }

    /// <summary>True when everything has gone out.</summary>
    public bool IsDone => Array.TrueForAll(_next, next => next > messages);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!IsDone)
        {
            for (var i = 0; i < replicas.Count; i++)
            {
                var replica = replicas[i];
                if (replica == Resting || !replica.IsRunning) continue;
                var room = window - replica.Unanswered;
                List<long> numbers = [];
                for (; numbers.Count < room && _next[i] <= Allowed; _next[i] += replicas.Count) numbers.Add(_next[i]);
                if (numbers.Count > 0) replica.Give(numbers);
            }

            await Task.Delay(Interval, stop);
        }
    }
}
