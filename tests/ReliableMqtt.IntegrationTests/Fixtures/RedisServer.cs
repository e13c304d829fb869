using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A redis-server of the test's own, on a free loopback port, with a folder of its own that is gone with it.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const int SigTerminate = 15, SigStop = 19, SigContinue = 18;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _executable;
    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-redis-").FullName;
    private readonly RedisSettings _settings;
    private Process? _process;
    private int _saved;

    private RedisServer(string executable, RedisSettings settings) => (_executable, _settings) = (executable, settings);

    /// <summary>The TCP port on 127.0.0.1; it stays the same over restarts.</summary>
    public int Port { get; private set; }

    /// <summary>The port of the cluster's bus.</summary>
    public int BusPort { get; private set; }

    /// <summary>For StackExchange.Redis.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Starts a server; skips the test when there is no redis-server.</summary>
    public static async Task<RedisServer> StartAsync(RedisSettings? settings = null)
    {
        var server = new RedisServer(Require.Redis(), settings ?? new RedisSettings());
        try
        {
            // Somebody may take the free port before the server does: then it is another port's turn.
            for (var attempt = 1; ; attempt++)
            {
                (server.Port, server.BusPort) = (FreePort(), FreePort());
                if (await server.TryLaunchAsync()) return server;
                if (attempt == 5) throw new InvalidOperationException($"redis-server does not start:\n{server.ReadLog()}");
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again on the same port, with what it has on disk.</summary>
    public async Task StartAgainAsync()
    {
        for (var attempt = 1; !await TryLaunchAsync(); attempt++)
        {
            if (attempt == 10) throw new InvalidOperationException($"redis-server does not start again on port {Port}:\n{ReadLog()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process) return;
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
        process.Dispose();
        _process = null;
    }

    /// <summary>Ends it with SIGTERM, so that it can write down what it has.</summary>
    public async Task TerminateAsync()
    {
        Signal(SigTerminate);
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        await KillAsync();
    }

    /// <summary>Adds bytes to the end of what it has on disk: a write that a crash has cut off. It must not run.</summary>
    public async Task TearAsync(ReadOnlyMemory<byte> half)
    {
        var last = Directory.GetFiles(AppendOnlyFolder, "*.incr.aof").OrderBy(file => file.Length).ThenBy(file => file, StringComparer.Ordinal).Last();
        await File.AppendAllBytesAsync(last, half);
    }

    /// <summary>SIGKILL, and then it begins again.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await StartAgainAsync();
    }

    /// <summary>
    /// Copies what it has on disk. The answer kills it and starts it again from the copy, so that it has lost all writes since: as with a failover, or
    /// with an appendfsync that comes too late.
    /// </summary>
    public async Task<Func<Task>> SaveAsync()
    {
        if (!_settings.AppendOnly) throw new InvalidOperationException("Only what is in an append-only file can be copied at any time.");
        var copy = Path.Combine(_folder, $"saved-{++_saved}");
        await CopyAsync(AppendOnlyFolder, copy);
        return async () =>
        {
            await KillAsync();
            Directory.Delete(AppendOnlyFolder, recursive: true);
            await CopyAsync(copy, AppendOnlyFolder);
            await StartAgainAsync();
        };
    }

    /// <summary>Freezes it: connections stay, answers do not come.</summary>
    public void Stop() => Signal(SigStop);

    /// <summary>Lets it go on.</summary>
    public void Continue() => Signal(SigContinue);

    /// <summary>A connection to look inside, and to change settings. The caller disposes it.</summary>
    public Task<ConnectionMultiplexer> ConnectAsync()
    {
        var options = ConfigurationOptions.Parse($"{Address},{_settings.Login},connectRetry=10");
        if (_settings.IsSentinel) options.CommandMap = CommandMap.Sentinel;
        return ConnectionMultiplexer.ConnectAsync(options);
    }

    public string ReadLog() => File.Exists(LogPath) ? File.ReadAllText(LogPath) : "";

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private string AppendOnlyFolder => Path.Combine(_folder, "appendonlydir");

    private static async Task CopyAsync(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            await using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var target = File.Create(Path.Combine(to, Path.GetFileName(file)));
            await source.CopyToAsync(target);
        }
    }

    private string LogPath => Path.Combine(_folder, "redis.log");

    private async Task<bool> TryLaunchAsync()
    {
        var configuration = Path.Combine(_folder, "redis.conf");
        await File.WriteAllLinesAsync(configuration, Configuration());
        _process = Process.Start(new ProcessStartInfo(_executable, _settings.IsSentinel ? [configuration, "--sentinel"] : [configuration]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{_executable} did not start.");
        var start = TimeProvider.System.GetTimestamp();
        while (!_process.HasExited)
        {
            if (await AnswersAsync() && !_process.HasExited) return true;
            if (TimeProvider.System.GetElapsedTime(start) > Patience) break;
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }

        await KillAsync();
        return false;
    }

    private IEnumerable<string> Configuration() =>
    [
        .. Listening(),
        "bind 127.0.0.1",
        $"dir {_folder}",
        $"logfile {LogPath}",
        .. _settings.IsSentinel ? [] : Storing(),
        .. _settings.IsClusterNode ? ["cluster-enabled yes", "cluster-node-timeout 2000", $"cluster-port {BusPort}"] : Array.Empty<string>(),
        .. _settings.ExtraLines,
    ];

    private string[] Listening() => _settings.Certificate is not { } files
        ? [$"port {Port}"]
        : ["port 0", $"tls-port {Port}", $"tls-cert-file {files.CertificateFile}", $"tls-key-file {files.KeyFile}", $"tls-ca-cert-file {files.AuthorityFile}", "tls-auth-clients no"];

    private string[] Storing() =>
    [
        $"appendonly {(_settings.AppendOnly ? "yes" : "no")}",
        $"appendfsync {_settings.AppendFsync}",
        "save \"\"",
        $"maxmemory {_settings.MaxMemory}",
        $"maxmemory-policy {_settings.MaxMemoryPolicy}",
    ];

    // An answer of any kind but LOADING; a server with users says NOAUTH.
    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient(AddressFamily.InterNetwork);
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            await using var stream = await OpenAsync(client);
            await stream.WriteAsync("EXISTS x\r\n"u8.ToArray());
            var answer = new byte[256];
            var length = await stream.ReadAsync(answer).AsTask().WaitAsync(Patience);
            return length > 0 && !System.Text.Encoding.UTF8.GetString(answer, 0, length).Contains("LOADING", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_settings.Certificate is null) return client.GetStream();
        var tls = new SslStream(client.GetStream());
#pragma warning disable CA5359 // It is only asked whether it is there.
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", RemoteCertificateValidationCallback = (_, _, _, _) => true });
#pragma warning restore CA5359
        return tls;
    }

    private void Signal(int signal)
    {
        if (Kill(_process!.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} failed with error {Marshal.GetLastPInvokeError()}.");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int processId, int signal);
}
