using System.Net;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Sample.Broker;
using ReliableMqtt.Sample.Display;
using ReliableMqtt.Sample.Listening;
using ReliableMqtt.Sample.Proxy;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Demo;

/// <summary>
/// A publisher, a bad link, a broker that restarts, and a listener that counts:
/// <c>publisher → cutting proxy → broker → listener</c>. Daily readings go at QoS 1, hourly ones at QoS 2.
/// </summary>
internal sealed class DemoRun(int seed, ILoggerFactory? logging)
{
    private const string PublisherId = "demo-publisher";
    private const string DailyFile = "seattle-weather.csv";
    private const string HourlyFile = "seattle-weather-hourly-normals.csv";
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    // Slow enough to watch, and for the trouble to meet messages in every stage.
    private static readonly MessageRate DailyRate = new(75);
    private static readonly MessageRate HourlyRate = new(450);
    private static readonly ByteRange CutAfter = new(1_000, 20_000);

    public async Task<int> RunAsync(CancellationToken stop)
    {
        Console.WriteLine($"seed={seed}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Deadline);
        try
        {
            return await RunWithinAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine(stop.IsCancellationRequested ? "stopped before the end" : $"not finished within {Deadline.TotalMinutes} min");
            return CommandLine.Failure;
        }
    }

    private async Task<int> RunWithinAsync(CancellationToken limit)
    {
        using var history = HistoryFile.Open(null);
        await using var broker = new EmbeddedBroker();
        await broker.StartAsync();
        await using var proxy = new CuttingProxy(0, new DnsEndPoint("127.0.0.1", broker.Port), CutAfter, long.MaxValue, seed);
        proxy.Start();
        await using var listener = await Listener.StartAsync(
            "demo-listener", client => client.WithTcpServer("127.0.0.1", broker.Port), "seattle/#",
            MqttQualityOfServiceLevel.ExactlyOnce, TimeSpan.FromDays(1), dedupe: null, history, logging: null, limit);
        await using var publisher = await ReliablePublisher.StartAsync(
            new ReliablePublisherOptions
            {
                PublisherId = PublisherId,
                Mqtt = client => client.WithTcpServer("127.0.0.1", proxy.Port),
                Ledger = new InMemoryAckLedger(),
                MaxInFlight = 64,
                AckTimeout = TimeSpan.FromSeconds(3),
                MinBackoff = TimeSpan.FromMilliseconds(20),
                MaxBackoff = TimeSpan.FromMilliseconds(500),
                LoggerFactory = logging,
            },
            limit);

        var run = new PublishRun(publisher, history);
        var trouble = new DemoTrouble(broker, PublisherId, new Random(seed));
        var meter = new RateMeter();
        var total = CountRows(DailyFile) + CountRows(HourlyFile);

        var work = WorkAsync();
        await LiveView.ShowAsync(Figures, work, Console.Out);
        return Conclude();

        async Task WorkAsync()
        {
            using var calm = CancellationTokenSource.CreateLinkedTokenSource(limit);
            var making = trouble.MakeAsync(() => (double)run.Tally.Confirmed / total, calm.Token);
            await Task.WhenAll(
                run.SendAsync(ReadingsOf(DailyFile, "seattle/daily", MqttQualityOfServiceLevel.AtLeastOnce, limit), DailyRate, limit),
                run.SendAsync(ReadingsOf(HourlyFile, "seattle/hourly", MqttQualityOfServiceLevel.ExactlyOnce, limit), HourlyRate, limit));
            await run.WaitForAllAsync(limit);
            await calm.CancelAsync();
            await making;
            limit.ThrowIfCancellationRequested();

            // All is at the broker; what of it is still on the way to the listener?
            await broker.DrainAsync();
        }

        IReadOnlyList<(string, string)> Figures()
        {
            var status = publisher.Status;
            return
            [
                ("pending", $"{status.Pending}"), ("in flight", $"{status.InFlight}"), ("confirmed", $"{run.Tally.Confirmed} of {total}"),
                ("delivered", $"{listener.Deliveries.Distinct}"), ("cuts", $"{proxy.Cuts + trouble.Drops}"), ("broker restarts", $"{trouble.Restarts}"),
                ("reconnects", $"{status.Reconnects}"), ("resumed handshakes", $"{status.Resumed}"), ("rate", meter.Current(run.Tally.Confirmed)),
            ];
        }

        int Conclude()
        {
            var accepted = run.Tally.Accepted;
            var delivered = listener.Deliveries.Distinct;
            var lost = accepted - delivered;
            var duplicates = listener.Deliveries.DuplicatesOf($"{HourlyFile}-");
            var resumed = publisher.Status.Resumed;
            Console.WriteLine($"The link was cut {proxy.Cuts} times, the broker dropped the publisher {trouble.Drops} times and restarted {trouble.Restarts} times.");
            Console.WriteLine($"At QoS 1, where that is allowed, {listener.Deliveries.DuplicatesOf($"{DailyFile}-")} messages came twice.");
            if (run.FirstProblem is { } problem) Console.WriteLine($"first problem: {problem}");
            Console.WriteLine($"accepted={accepted} confirmed={run.Tally.Confirmed} delivered={delivered} lost={lost} duplicates={duplicates} resumed={resumed}");
            return accepted == total && run.Tally.IsEverythingDelivered && lost == 0 && duplicates == 0 && resumed > 0 ? CommandLine.Success : CommandLine.Failure;
        }
    }

    private static IAsyncEnumerable<PublishMessage> ReadingsOf(string file, string topic, MqttQualityOfServiceLevel qualityOfService, CancellationToken cancellationToken) =>
        MessageSource.FromCsvAsync(PathOf(file), new TopicTemplate(topic), qualityOfService, cancellationToken);

    private static int CountRows(string file) => File.ReadLines(PathOf(file)).Count() - 1;

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "data", file);
}
