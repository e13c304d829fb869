using System.Collections.Concurrent;
using System.Diagnostics;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Torture.Profile;

/// <summary>
/// A publisher as its driver sees it, over all lives of its process, with its own ways to the broker and to its ledger. It never gets a number twice: what a life was given and has not accepted
/// when it ends is nobody's any more.
/// </summary>
internal sealed class Seat : IAsyncDisposable
{
    private const int Window = 150;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly HashSet<long> _open = [];
    private readonly HashSet<long> _accepted = [];
    private readonly LegPlan _plan;
    private readonly bool _verbose;
    private ChildProcess? _process;
    private StateLines _states = new();
    private volatile bool _ready;
    private long _next;

    /// <param name="qos">Its QoS, which also tells its numbers: odd ones are of QoS 1.</param>
    /// <param name="plan">The leg.</param>
    /// <param name="brokerPort">Where the broker is.</param>
    /// <param name="ledger">Its ledger, which goes with it.</param>
    /// <param name="verbose">Pass on what it logs.</param>
    public Seat(int qos, LegPlan plan, int brokerPort, SeatLedger ledger, bool verbose)
    {
        (QoS, Name, _next, _verbose, _plan, Ledger) = (qos, $"qos{qos}", qos == 1 ? 1 : 2, verbose, plan, ledger);
        var tap = Tap = new WireTap(keeps: false);
        Log = new WireLog(tap, Handshakes.Shorten);
        Proxy = CuttingProxy.Start(brokerPort, tap, Name);
    }

    public string Name { get; }

    public int QoS { get; }

    public WireTap Tap { get; }

    public WireLog Log { get; }

    public CuttingProxy Proxy { get; }

    public SeatLedger Ledger { get; }

    public History History { get; } = new();

    /// <summary>When each number was said to be confirmed, in <see cref="Stopwatch"/> ticks.</summary>
    public ConcurrentDictionary<long, long> Confirms { get; } = [];

    /// <summary>When each number was said to be accepted, in the same.</summary>
    public ConcurrentDictionary<long, long> Accepts { get; } = [];

    /// <summary>The words with which messages were given up.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>How many numbers it has been given.</summary>
    public int Given { get; private set; }

    /// <summary>Those of them that a life has not accepted before its end.</summary>
    public int Forsaken { get; private set; }

    /// <summary>How many messages its process has accepted, and not told of their end.</summary>
    public int Unconfirmed
    {
        get { lock (_lock) return _accepted.Count; }
    }

    /// <summary>True for a number of its.</summary>
    public bool Owns(long number) => number > 0 && (number & 1) == (QoS & 1);

    /// <summary>The last lines of the standard error of the life that ended last.</summary>
    public string Complaints { get; private set; } = "";

    /// <summary>Launches a process; returns as soon as there is one.</summary>
    public void Launch()
    {
        var states = _states = new StateLines();
        _ready = false;
        string[] arguments =
        [
            .. ChildOptions.Arguments(PublishVerb.Name, Ledger.Arguments, Proxy.Port, Name, TimeSpan.FromSeconds(5), _verbose),
            "--qos", $"{QoS}", "--policy", _plan.Policy.ToString(), .. _plan.Flaw is null ? (string[])[] : ["--flaw", _plan.Flaw],
        ];
        _process = ChildProcess.Start(Name, arguments, line => Take(line, states), verbose: _verbose);
    }

    /// <summary>True while it accepts.</summary>
    public bool IsReady => _ready;

    /// <summary>Waits until it accepts, or until its process has ended by itself: then false.</summary>
    public async Task<bool> StartsAsync(CancellationToken stop)
    {
        var process = _process!;
        await Patience.UntilAsync(() => _ready || process.HasExited, StartLimit, stop);
        return _ready;
    }

    /// <summary>Gives its process a command.</summary>
    public void Send(string command) => _process!.Send(command);

    /// <summary>Waits until its process has ended by itself. False when it does not within the time.</summary>
    public Task<bool> EndsAsync(TimeSpan limit, CancellationToken stop)
    {
        var process = _process!;
        return Patience.UntilAsync(() => process.HasExited, limit, stop);
    }

    /// <summary>Waits until it accepts.</summary>
    public Task StartedAsync(CancellationToken stop) => _states.WaitAsync("started", _process!, StartLimit, stop);

    /// <summary>Gives it as many as it has room for, of at most so many. How many that were.</summary>
    public int Feed(int most)
    {
        if (!_ready || _process is not { } process) return 0;
        int count;
        lock (_lock)
        {
            count = Math.Min(most, Window - _open.Count);
            for (var i = 0; i < count; i++) _open.Add(_next + (2 * i));
        }

        if (count <= 0) return 0;
        var last = _next + (2 * (count - 1));
        process.Send($"publish {_next}-{last}"); // In vain when it is just being killed.
        // Also what its end has kept it from reading may have been read: the driver knows it as invoked.
        for (var number = _next; number <= last; number += 2) History.Add(number, Event.Invoked);
        (_next, Given) = (last + 2, Given + count);
        return count;
    }

    public async Task KillAsync()
    {
        _ready = false;
        if (_process is not { } process) return;
        await process.DisposeAsync();
        (_process, Complaints) = (null, process.Complaints);
        lock (_lock)
        {
            Forsaken += _open.Count(number => !Accepts.ContainsKey(number));
            _open.Clear();
            _accepted.Clear();
        }
    }

    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    /// <summary>What is left in its ledger, in flight and behind; null while that cannot be told.</summary>
    public async Task<LedgerStatistics?> LedgerAsync(CancellationToken stop)
    {
        await using var ledger = Ledger.Open();
        try
        {
            await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = Name, CreateIfMissing = false }, stop);
            return await ledger.GetStatisticsAsync(stop);
        }
        catch (LedgerUnavailableException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Proxy.DisposeAsync();
        await Ledger.DisposeAsync();
    }

    private void Take(string line, StateLines states)
    {
        if (states.Take(line))
        {
            if (ReferenceEquals(states, _states)) _ready = true;
            return;
        }

        if (!History.Take(line)) return;
        var number = HistoryWriter.NumberOf(line);
        if (line[0] == 'C') Confirms.TryAdd(number, Stopwatch.GetTimestamp());
        else if (line[0] == 'A') Accepts.TryAdd(number, Stopwatch.GetTimestamp());
        else if (line[0] == 'F') Failures.Enqueue(line);
        lock (_lock)
        {
            if (line[0] == 'A' && _open.Contains(number)) _accepted.Add(number);
            else if (line[0] is 'C' or 'F' or 'U')
            {
                _open.Remove(number);
                _accepted.Remove(number);
            }
        }
    }
}
