using Microsoft.Extensions.Logging;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sqlite;

namespace ReliableMqtt.Sample.Demo;

/// <summary>Publishes in the demo's own process, with the ledger in a file.</summary>
internal sealed class PublisherInside : IDemoPublisher
{
    private const string PublisherId = "demo-publisher";

    private readonly ReliablePublisher _publisher;
    private readonly PublishRun _run;

    private PublisherInside(ReliablePublisher publisher, HistoryFile history) => (_publisher, _run) = (publisher, new PublishRun(publisher, history));

    public IReadOnlyList<string> ClientIds => [PublisherId];

    public int Accepted => (int)_run.Tally.Accepted;

    public int Confirmed => (int)_run.Tally.Confirmed;

    public string? FirstProblem => _run.FirstProblem;

    public string Proof => $"resumed={_publisher.Status.Resumed}";

    public bool HasProof => _publisher.Status.Resumed > 0 && _run.Tally.IsEverythingDelivered;

    public IReadOnlyList<(string Name, string Value)> Figures
    {
        get
        {
            var status = _publisher.Status;
            return [("pending", $"{status.Pending}"), ("in flight", $"{status.InFlight}"), ("reconnects", $"{status.Reconnects}"), ("resumed handshakes", $"{status.Resumed}")];
        }
    }

    public static async Task<PublisherInside> StartAsync(string folder, int port, HistoryFile history, ILoggerFactory? logging, CancellationToken stop) => new(
        await ReliablePublisher.StartAsync(
            new ReliablePublisherOptions
            {
                PublisherId = PublisherId,
                Mqtt = client => client.WithTcpServer("127.0.0.1", port),
                Ledger = new SqliteAckLedger(Path.Combine(folder, "ledger.db")),
                MaxInFlight = 64,
                AckTimeout = TimeSpan.FromSeconds(3),
                MinBackoff = TimeSpan.FromMilliseconds(20),
                MaxBackoff = TimeSpan.FromMilliseconds(500),
                LoggerFactory = logging,
            },
            stop),
        history);

    public async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(DemoReadings.All.Select(readings => _run.SendAsync(
            MessageSource.FromCsvAsync(readings.Path, new TopicTemplate(readings.Topic), readings.QualityOfService, stop), readings.Rate, stop)));
        await _run.WaitForAllAsync(stop);
    }

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();
}
