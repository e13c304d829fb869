using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ReliableMqtt.Benchmarks.Brokers;

/// <summary>A server process of our own on a free loopback port, with a folder that is gone with it.</summary>
internal abstract class LocalServer : IAsyncDisposable
{
    private Process? _process;

    public int Port { get; } = FreePort();

    public string Folder { get; } = Directory.CreateTempSubdirectory("reliable-mqtt-bench-").FullName;

    protected async Task StartAsync(string name, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        _process = Process.Start(new ProcessStartInfo(PathOf(name), arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
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

    public virtual async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Where a program is: Debian has its servers in folders that are not in everybody's PATH.</summary>
    private static string PathOf(string name) =>
        new[] { "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin" }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? name;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
