using System.Text.Json.Nodes;

namespace OrdersApi.Demo;

/// <summary>Asks one process for its health again and again, and remembers each change.</summary>
internal sealed class HealthWatch(HttpClient http, ServiceProcess process) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _changes = [];
    private Task _watching = Task.CompletedTask;

    /// <summary>What it has said, without repetitions: <c>Healthy&gt;Degraded&gt;Healthy</c>.</summary>
    public string Story { get { lock (_changes) return string.Join('>', _changes); } }

    /// <summary>The whole answer: status, and the data of the library's check.</summary>
    public static async Task<(string Status, JsonNode Data)> AskAsync(HttpClient http, ServiceProcess process, CancellationToken stop)
    {
        using var response = await http.GetAsync(new Uri(process.Address, "/health"), stop);
        var report = (await response.Content.ReadFromJsonAsync<JsonNode>(stop))!;
        return ((string)report["status"]!, report["checks"]!["reliable_mqtt"]!["data"]!);
    }

    /// <summary>Returns when it is healthy, from which on all is remembered.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        while ((await AskAsync(http, process, stop)).Status != "Healthy") await Task.Delay(Pause, stop);
        _changes.Add("Healthy");
        _watching = Task.Run(WatchAsync, CancellationToken.None);
    }

    /// <summary>Waits until it says so.</summary>
    public async Task UntilAsync(string status, CancellationToken stop)
    {
        while (!Story.EndsWith(status, StringComparison.Ordinal)) await Task.Delay(Pause, stop);
    }

    /// <summary>Looks no longer.</summary>
    /// <returns>The whole story.</returns>
    public async Task<string> StopAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        return Story;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var (status, _) = await AskAsync(http, process, _stop.Token);
                lock (_changes) if (_changes[^1] != status) _changes.Add(status);
                await Task.Delay(Pause, _stop.Token);
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // It is watched while it lives.
            }
        }
    }
}
