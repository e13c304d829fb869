using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A mosquitto of the test's own, on a free loopback port, with a folder of its own that is gone with it.</summary>
public sealed class MosquittoBroker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _executable;
    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-mosquitto-").FullName;
    private readonly MosquittoSettings _settings;
    private readonly StringBuilder _complaints = new();
    private Process? _process;

    private MosquittoBroker(string executable, MosquittoSettings settings) => (_executable, _settings) = (executable, settings);

    /// <summary>The TCP port on 127.0.0.1; it stays the same over restarts.</summary>
    public int Port { get; private set; }

    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Its process, for signals.</summary>
    public int ProcessId => _process!.Id;

    private string LogPath => Path.Combine(_folder, "mosquitto.log");

    /// <summary>Starts a broker; skips the test when there is no mosquitto.</summary>
    public static async Task<MosquittoBroker> StartAsync(MosquittoSettings? settings = null)
    {
        var broker = new MosquittoBroker(Require.Mosquitto(), settings ?? new MosquittoSettings());
        try
        {
            // Somebody may take the free port before mosquitto does: then it is another port's turn.
            for (var attempt = 1; ; attempt++)
            {
                broker.Port = FreePort();
                if (await broker.TryLaunchAsync()) return broker;
                if (attempt == 5) throw new InvalidOperationException($"mosquitto does not start:\n{broker.ReadLog()}");
            }
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it with SIGTERM: it saves its sessions and messages first.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process) return;
        if (!process.HasExited && Terminate(process.Id, 15) != 0 && !process.HasExited)
            throw new InvalidOperationException($"SIGTERM to mosquitto failed with error {Marshal.GetLastPInvokeError()}.");
        await ExitAsync(process);
    }

    /// <summary>Kills it: what it had not saved is lost. See <see cref="MosquittoSettings.SaveEachChange"/>.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process) return;
        if (!process.HasExited) process.Kill();
        await ExitAsync(process);
    }

    /// <summary>Starts it again on the same port, with what it had saved. Stops it before, when it runs.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        for (var attempt = 1; !await TryLaunchAsync(); attempt++)
        {
            if (attempt == 10) throw new InvalidOperationException($"mosquitto does not start again on port {Port}:\n{ReadLog()}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), Require.Cancellation);
        }
    }

    /// <summary>What it has logged since its first start, for the message of a failure.</summary>
    public string ReadLog()
    {
        string complaints;
        lock (_complaints) complaints = _complaints.ToString();
        if (!File.Exists(LogPath)) return complaints;
        using var log = new StreamReader(new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return complaints + log.ReadToEnd();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> TryLaunchAsync()
    {
        var configuration = Path.Combine(_folder, "mosquitto.conf");
        await File.WriteAllLinesAsync(configuration, Configuration());
        _process = Process.Start(new ProcessStartInfo(_executable, ["-c", configuration]) { RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{_executable} did not start.");
        _process.ErrorDataReceived += (_, line) => { lock (_complaints) _complaints.AppendLine(line.Data); };
        _process.BeginErrorReadLine();
        var start = TimeProvider.System.GetTimestamp();
        while (!_process.HasExited)
        {
            if (await AnswersAsync() && !_process.HasExited) return true;
            if (TimeProvider.System.GetElapsedTime(start) > Patience) break;
            await Task.Delay(TimeSpan.FromMilliseconds(10), Require.Cancellation);
        }

        await KillAsync();
        return false;
    }

    private IEnumerable<string> Configuration() =>
    [
        $"listener {Port} 127.0.0.1",
        "allow_anonymous true",
        "user root", // Started by root it would drop to a user that may not write here; others ignore the line.
        "persistence true",
        $"persistence_location {_folder}/",
        $"autosave_on_changes {(_settings.SaveEachChange ? "true" : "false")}",
        $"autosave_interval {(_settings.SaveEachChange ? 1 : 0)}",
        "max_queued_messages 0",
        $"max_inflight_messages {_settings.MaxInflightMessages}",
        $"log_dest file {LogPath}",
        "log_type all",
        .. _settings.ExtraLines,
    ];

    private async Task<bool> AnswersAsync()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task ExitAsync(Process process)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await process.WaitForExitAsync().WaitAsync(Patience);
        }

        process.Dispose();
        _process = null;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // .NET has no SIGTERM for other processes.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Terminate(int processId, int signal);
}
