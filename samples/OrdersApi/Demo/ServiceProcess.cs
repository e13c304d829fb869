using System.Collections.Concurrent;
using System.Diagnostics;

namespace OrdersApi.Demo;

/// <summary>A replica or the consumer, as a process of its own that can be killed and started again.</summary>
internal sealed class ServiceProcess(string name, string role, IReadOnlyList<string> settings, TraceBook traces) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ConcurrentQueue<string> _errors = new();
    private Process? _process;
    private Task _reading = Task.CompletedTask;

    public string Name => name;

    /// <summary>Where it listens; another port after each start.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>The last lines of its log.</summary>
    public IEnumerable<string> LogTail => _errors.TakeLast(20).Select(line => line[..Math.Min(line.Length, 300)]);

    public async Task StartAsync(CancellationToken stop)
    {
        var self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(ServiceProcess).Assembly.Location] : [self];
        var start = new ProcessStartInfo(program[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[.. program[1..], role, "--urls", "http://127.0.0.1:0", "--Telemetry", SpanLines.Name, .. settings]) start.ArgumentList.Add(argument);
        var process = _process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) _errors.Enqueue(text); };
        process.BeginErrorReadLine();
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _reading = Task.Run(() => ReadAsync(process.StandardOutput, address), CancellationToken.None);
        Address = await address.Task.WaitAsync(Patience, stop);
    }

    /// <summary>SIGKILL: it is not asked.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await EndAsync();
    }

    /// <summary>Ends it in order: it drains, and says goodbye to the broker.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        _process!.StandardInput.Close();
        await EndAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false }) await KillAsync();
        _process?.Dispose();
    }

    private async Task EndAsync()
    {
        await _process!.WaitForExitAsync().WaitAsync(Patience);
        await _reading; // What it had written before its end counts.
    }

    private async Task ReadAsync(StreamReader output, TaskCompletionSource<Uri> address)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(SpanLines.Prefix, StringComparison.Ordinal)) traces.Add(line[SpanLines.Prefix.Length..]);
            else if (line.StartsWith(DemoChild.Listening, StringComparison.Ordinal)) address.TrySetResult(new Uri(line[DemoChild.Listening.Length..]));
        }

        address.TrySetException(new InvalidOperationException($"{name} has ended before it listened: {string.Join('\n', LogTail)}"));
    }
}
