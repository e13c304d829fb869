using System.Net;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using ReliableMqtt.Sample.Broker;
using ReliableMqtt.Sample.Display;
using ReliableMqtt.Sample.Listening;
using ReliableMqtt.Sample.Proxy;
using ReliableMqtt.Sample.Publishing;
using ReliableMqtt.Sample.Settings;

namespace ReliableMqtt.Sample.Demo;

/// <summary>
/// A publisher with its ledger in a file, a bad link, a broker that restarts, and a listener that counts: <c>publisher → cutting proxy → broker → listener</c>.
/// </summary>
/// <param name="seed">Of all that is random.</param>
/// <param name="kills">The publishers are processes of their own, and are killed.</param>
/// <param name="logging">Where the library's log goes.</param>
internal sealed class DemoRun(int seed, bool kills, ILoggerFactory? logging)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);
    private static readonly ByteRange CutAfter = new(1_000, 20_000);

    public async Task<int> RunAsync(CancellationToken stop)
    {
        Console.WriteLine($"seed={seed}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Deadline);
        var folder = Directory.CreateTempSubdirectory("reliable-mqtt-demo-").FullName;
        try
        {
            return await RunWithinAsync(folder, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine(stop.IsCancellationRequested ? "stopped before the end" : $"not finished within {Deadline.TotalMinutes} min");
            return CommandLine.Failure;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<int> RunWithinAsync(string folder, CancellationToken limit)
    {
        using var history = HistoryFile.Open(null);
        await using var broker = new EmbeddedBroker();
        await broker.StartAsync();
        await using var proxy = new CuttingProxy(0, new DnsEndPoint("127.0.0.1", broker.Port), CutAfter, long.MaxValue, seed);
        proxy.Start();
        await using var listener = await Listener.StartAsync(
            "demo-listener", client => client.WithTcpServer("127.0.0.1", broker.Port), "seattle/#",
            MqttQualityOfServiceLevel.ExactlyOnce, TimeSpan.FromDays(1), dedupe: null, history, logging: null, limit);
        var random = new Random(seed);
        await using IDemoPublisher publisher = kills
            ? new PublishersOutside(folder, proxy.Port, random)
            : await PublisherInside.StartAsync(folder, proxy.Port, history, logging, limit);
        var trouble = new DemoTrouble(broker, publisher.ClientIds, random);
        var meter = new RateMeter();
        var total = DemoReadings.All.Sum(readings => readings.Rows);

        await LiveView.ShowAsync(Figures, WorkAsync(), Console.Out);
        return Conclude();

        async Task WorkAsync()
        {
            using var calm = CancellationTokenSource.CreateLinkedTokenSource(limit);
            var making = trouble.MakeAsync(() => (double)publisher.Confirmed / total, calm.Token);
            await publisher.RunAsync(limit);
            await calm.CancelAsync();
            await making;
            limit.ThrowIfCancellationRequested();

            // All is at the broker; what of it is still on the way to the listener?
            await broker.DrainAsync();
        }

        IReadOnlyList<(string, string)> Figures() =>
        [
            .. publisher.Figures, ("confirmed", $"{publisher.Confirmed} of {total}"), ("delivered", $"{listener.Deliveries.Distinct}"),
            ("cuts", $"{proxy.Cuts + trouble.Drops}"), ("broker restarts", $"{trouble.Restarts}"), ("rate", meter.Current(publisher.Confirmed)),
        ];

        int Conclude()
        {
            var delivered = listener.Deliveries.Distinct;
            var lost = publisher.Accepted - delivered;
            var duplicates = listener.Deliveries.DuplicatesOf($"{DemoReadings.Hourly.File}-");
            Console.WriteLine($"The link was cut {proxy.Cuts} times, the broker dropped a publisher {trouble.Drops} times and restarted {trouble.Restarts} times.");
            Console.WriteLine($"At QoS 1, where that is allowed, {listener.Deliveries.DuplicatesOf($"{DemoReadings.Daily.File}-")} messages came twice.");
            if (publisher.FirstProblem is { } problem) Console.WriteLine($"first problem: {problem}");
            Console.WriteLine($"accepted={publisher.Accepted} confirmed={publisher.Confirmed} delivered={delivered} lost={lost} duplicates={duplicates} {publisher.Proof}");
            return publisher.Accepted == total && publisher.Confirmed == total && lost == 0 && duplicates == 0 && publisher.HasProof ? CommandLine.Success : CommandLine.Failure;
        }
    }
}
