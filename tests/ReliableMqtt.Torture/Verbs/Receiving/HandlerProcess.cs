using ReliableMqtt.Torture.Children;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Verbs.Receiving;

/// <summary>A <see cref="HandleVerb"/> as its driver sees it, and its journal.</summary>
internal sealed class HandlerProcess(Site site, HandlerMode mode, bool verbose) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-handler-").FullName;
    private ChildProcess? _process;
    private StateLines _states = new();

    /// <summary>How many connections the process that runs has made.</summary>
    public long Connections => _states["subscribed"];

    private string Journal => Path.Combine(_folder, "journal");

    /// <summary>Starts a process, and waits until it has its subscription.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        var states = _states = new StateLines();
        _process = ChildProcess.Start(
            "handler",
            [HandleVerb.Name, "--redis", site.Redis.Address, "--broker", $"{site.Broker.Port}", "--journal", Journal, "--mode", $"{mode}", .. verbose ? ["--verbose"] : (string[])[]],
            line => states.Take(line), verbose: verbose);
        await states.WaitAsync("subscribed", _process, StartLimit, stop);
    }

    /// <summary>Waits until it has its subscription on another connection than the first so many.</summary>
    public async Task ConnectsAgainAsync(long before, CancellationToken stop)
    {
        if (!await Patience.UntilAsync(() => Connections > before, StartLimit, stop)) throw new TimeoutException($"The handler does not connect again.\n{_process!.Complaints}");
    }

    public Task KillAsync() => _process!.KillAsync();

    public async Task EndAsync() => await _process!.EndAsync();

    /// <summary>The numbers of one kind of line, in their order; half a line at the end is none.</summary>
    public async Task<IReadOnlyList<int>> ReadAsync(char kind)
    {
        if (!File.Exists(Journal)) return [];
        await using var file = new FileStream(Journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var numbers = new List<int>();
        await WholeLines.ReadAsync(file, line =>
        {
            if (line[0] == kind) numbers.Add(int.Parse(line.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture));
        });
        return numbers;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
