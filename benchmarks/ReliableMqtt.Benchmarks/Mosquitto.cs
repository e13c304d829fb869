using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.Benchmarks;

/// <summary>A mosquitto of our own on a free loopback port, without persistence and without a limit on what is in flight.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _config;

    private Mosquitto(Process process, string config, int port) => (_process, _config, Port) = (process, config, port);

    public int Port { get; }

    public static async Task<Mosquitto> StartAsync(CancellationToken cancellationToken)
    {
        var port = FreePort();
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, $"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n", cancellationToken);
        var path = new[] { "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto" }.FirstOrDefault(File.Exists) ?? "mosquitto";
        var process = Process.Start(new ProcessStartInfo(path, ["-c", config]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        for (var attempt = 0; attempt < 100; attempt++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return new Mosquitto(process, config, port);
            }
            catch (SocketException)
            {
                await Task.Delay(50, cancellationToken);
            }
        }

        process.Kill();
        throw new InvalidOperationException("mosquitto does not answer.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_config);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
