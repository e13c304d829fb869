using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Children;

namespace ReliableMqtt.Torture.Processes;

/// <summary>How a replica publishes.</summary>
internal sealed record ReplicaSettings(string PublisherId, TimeSpan Lease, bool Verbose, bool AcceptOnly = false);

/// <summary>
/// A process of a fleet as its driver sees it, over all its lives. What a life has left unanswered is given to the next one, under the same message ids.
/// </summary>
internal sealed class Replica : IAsyncDisposable
{
    private readonly Func<bool, Action<string>, ChildProcess> _start;
    private readonly History _history;
    private readonly Lock _lock = new();
    private readonly SortedSet<long> _unanswered = [];
    private ChildProcess? _process;
    private int _accepted;

    private Replica(string name, CuttingProxy proxy, History history, Func<bool, Action<string>, ChildProcess> start) =>
        (Name, Proxy, _history, _start) = (name, proxy, history, start);

    public string Name { get; }

    /// <summary>Its own way to the broker, whose packets carry its name.</summary>
    public CuttingProxy Proxy { get; }

    /// <summary>What its current life, or the last one, has said of itself.</summary>
    public StateLines States { get; private set; } = new();

    public bool IsRunning => _process is { HasExited: false };

    public bool InNamespace => _process is { InNamespace: true };

    /// <summary>How often it has said that a message is accepted.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How many messages it has been given and has not answered.</summary>
    public int Unanswered
    {
        get { lock (_lock) return _unanswered.Count; }
    }

    /// <summary>Describes one that is not started yet.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="proxy">Its way to the broker.</param>
    /// <param name="redis">Where the ledger is.</param>
    /// <param name="history">Where its lines go.</param>
    /// <param name="settings">How it publishes.</param>
    public static Replica Create(string name, CuttingProxy proxy, string redis, History history, ReplicaSettings settings)
    {
        string[] arguments =
        [
            .. ChildOptions.Arguments(ReplicaVerb.Name, ChildOptions.Redis(redis), proxy.Port, settings.PublisherId, settings.Lease, settings.Verbose), .. settings.AcceptOnly ? ["--accept-only"] : (string[])[],
        ];
        return new Replica(name, proxy, history, (inNamespace, onLine) => ChildProcess.Start(name, arguments, onLine, inNamespace, settings.Verbose));
    }

    /// <summary>Begins a life, and gives it what the one before has left.</summary>
    public async Task StartAsync(bool inNamespace, CancellationToken stop)
    {
        var states = States = new StateLines();
        _process = _start(inNamespace, Take);
        await states.WaitAsync("started", _process, TimeSpan.FromSeconds(60), stop);
        long[] left;
        lock (_lock) left = [.. _unanswered];
        foreach (var number in left) _process.Send($"publish {number}");
    }

    /// <summary>Gives it messages.</summary>
    public void Give(IReadOnlyList<long> numbers)
    {
        lock (_lock) _unanswered.UnionWith(numbers);
        foreach (var number in numbers) _process!.Send($"publish {number}");
    }

    public void Pause() => _process!.Pause();

    public void Resume() => _process!.Resume();

    public Task KillAsync() => _process!.KillAsync();

    /// <summary>Ends its life in an orderly way.</summary>
    public async Task EndAsync()
    {
        var code = await _process!.EndAsync();
        if (code != 0) throw new InvalidOperationException($"{Name} ended with {code}.\n{_process.Complaints}");
    }

    /// <summary>Waits for a word of its current life.</summary>
    public Task<long> SaysAsync(string word, TimeSpan limit, CancellationToken stop) => States.WaitAsync(word, _process!, limit, stop);

    /// <summary>The last lines of its standard error.</summary>
    public string Complaints => _process?.Complaints ?? "";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }

    private void Take(string line)
    {
        if (States.Take(line) || !_history.Take(line)) return;
        if (line[0] == 'A') Interlocked.Increment(ref _accepted);
        if (line[0] is not ('C' or 'F' or 'U')) return;
        lock (_lock) _unanswered.Remove(HistoryWriter.NumberOf(line));
    }
}
