using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.Benchmarks;

/// <summary>A server process of our own on a free loopback port, with a folder that is gone with it.</summary>
internal abstract class LocalServer : IAsyncDisposable
{
    private Process? _process;

    public int Port { get; } = FreePort();

    public string Folder { get; } = Directory.CreateTempSubdirectory("reliable-mqtt-bench-").FullName;

    protected async Task StartAsync(string name, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var path = new[] { "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin" }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? name;
        _process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }

        throw new InvalidOperationException($"{name} does not answer.");
    }

    /// <summary>Time that the process has had on a processor.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process!.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>mosquitto, without persistence and without a limit on what is in flight.</summary>
internal sealed class Mosquitto : LocalServer
{
    public static async Task<Mosquitto> StartAsync(CancellationToken cancellationToken)
    {
        var broker = new Mosquitto();
        var configuration = Path.Combine(broker.Folder, "mosquitto.conf");
        await File.WriteAllTextAsync(
            configuration, $"listener {broker.Port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n", cancellationToken);
        await broker.StartAsync("mosquitto", ["-c", configuration], cancellationToken);
        return broker;
    }
}

/// <summary>redis-server, with an append-only file that is flushed as said.</summary>
internal sealed class Redis : LocalServer
{
    public static async Task<Redis> StartAsync(string appendFsync, CancellationToken cancellationToken)
    {
        var server = new Redis();
        await server.StartAsync("redis-server",
            ["--port", $"{server.Port}", "--bind", "127.0.0.1", "--dir", server.Folder, "--appendonly", "yes", "--appendfsync", appendFsync, "--save", ""], cancellationToken);
        return server;
    }
}
