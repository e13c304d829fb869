using System.Diagnostics;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Fleet;

/// <summary>
/// Gives messages to the replicas: each has its share of the numbers, and no more than a window unanswered. No more than is allowed goes out, so that some are
/// left for every fault.
/// </summary>
/// <param name="replicas">The replicas.</param>
/// <param name="messages">How many messages there are.</param>
/// <param name="window">How many a replica may have unanswered.</param>
/// <param name="rate">How many may go out in a second.</param>
internal sealed class Feeder(IReadOnlyList<Replica> replicas, int messages, int window, double rate = double.PositiveInfinity)
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
        var (budget, last) = (0d, Stopwatch.GetTimestamp());
        while (!IsDone)
        {
            budget = Math.Min(budget + (Stopwatch.GetElapsedTime(last).TotalSeconds * rate), rate / 10);
            last = Stopwatch.GetTimestamp();
            for (var i = 0; i < replicas.Count; i++)
            {
                var replica = replicas[i];
                if (replica == Resting || !replica.IsRunning) continue;
                var room = window - replica.Unanswered;
                List<long> numbers = [];
                for (; numbers.Count < room && _next[i] <= Allowed && budget >= 1; _next[i] += replicas.Count, budget--) numbers.Add(_next[i]);
                if (numbers.Count > 0) replica.Give(numbers);
            }

            await Task.Delay(Interval, stop);
        }
    }
}
