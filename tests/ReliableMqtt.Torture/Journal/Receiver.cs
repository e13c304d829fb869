using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Journal;

/// <summary>A <see cref="ReceiverVerb"/> as its driver sees it: it can be killed at any time, and begins again on the same port from its journal.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-receiver-").FullName;
    private readonly int _receiveMaximum;
    private ChildProcess? _process;

    private Receiver(int receiveMaximum) => _receiveMaximum = receiveMaximum;

    /// <summary>The TCP port on 127.0.0.1; it stays the same.</summary>
    public int Port { get; private set; }

    /// <summary>Its process, for signals.</summary>
    public int ProcessId => _process!.Id;

    private string Journal => Path.Combine(_folder, "journal");

    public static async Task<Receiver> StartAsync(int receiveMaximum, CancellationToken stop)
    {
        var receiver = new Receiver(receiveMaximum);
        try
        {
            await receiver.LaunchAsync(stop);
            return receiver;
        }
        catch
        {
            await receiver.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a process on what the journal holds.</summary>
    public async Task LaunchAsync(CancellationToken stop)
    {
        var states = new StateLines();
        string[] arguments = [ReceiverVerb.Name, "--file", Journal, "--port", $"{Port}", "--receive-maximum", $"{_receiveMaximum}"];
        _process = ChildProcess.Start("receiver", arguments, line => states.Take(line));
        Port = (int)await states.WaitAsync("listens", _process, StartLimit, stop);
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>All messages in the order in which it has taken them.</summary>
    public IEnumerable<Delivery> Deliveries() => JournalFile.Read(Journal, out _)
        .Select(line => line.Split(' ', 5)).Where(words => words[0] == "P" && words.Length == 5)
        .Select(words => new Delivery(null, words[3], words[4]));

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
