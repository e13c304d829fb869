using OpenTelemetry;
using OpenTelemetry.Metrics;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Torture.Checks;

/// <summary>What a publisher's exported metrics say of all messages of its ledger, whichever of its killed processes has had them.</summary>
internal sealed record Funnel(long Accepted, long Confirmed, long Expired, long DeadLettered, long PutAside, long Pending)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>True when what came in is what has ended and what is there.</summary>
    public bool AddsUp => Accepted == Confirmed + Expired + DeadLettered + PutAside + Pending;

    /// <summary>Starts one more publisher of this id, which reaches no broker, and reads what OpenTelemetry's SDK exports of it.</summary>
    public static async Task<Funnel> ExportAsync(string publisherId, AckLedger ledger, CancellationToken stop)
    {
        List<MetricSnapshot> exported = [];
        using var meter = Sdk.CreateMeterProviderBuilder().AddMeter(ReliableMqttTelemetry.MeterName).AddInMemoryExporter(exported).Build();
        await using var publisher = await ReliablePublisher.StartAsync(
            new ReliablePublisherOptions
            {
                PublisherId = publisherId,
                Ledger = ledger,
                Mqtt = client => client.WithTcpServer("127.0.0.1", 1),
                LeaseDuration = TimeSpan.FromSeconds(5),
                ShutdownTimeout = TimeSpan.Zero,
            },
            stop);
        Funnel? funnel = null;
        await Processes.Patience.UntilAsync(() =>
        {
            exported.Clear();
            meter.ForceFlush();
            funnel = Read(exported, publisherId);
            return Task.FromResult(funnel is not null);
        }, Limit, stop);
        return funnel ?? throw new TimeoutException($"No metrics of {publisherId} within {Limit}.");
    }

    // Null until the ledger has been counted.
    private static Funnel? Read(IReadOnlyList<MetricSnapshot> exported, string publisherId)
    {
        Dictionary<string, long> values = [];
        foreach (var metric in exported.Where(metric => metric.Name is ReliableMqttTelemetry.LedgerMessages or ReliableMqttTelemetry.LedgerMessageCount))
        {
            foreach (var point in metric.MetricPoints)
            {
                Dictionary<string, string?> tags = [];
                foreach (var tag in point.Tags) tags[tag.Key] = tag.Value as string;
                if (tags[ReliableMqttTelemetry.PublisherIdAttribute] == publisherId) values[$"{metric.Name} {tags[ReliableMqttTelemetry.MessageStateAttribute]}"] = point.GetSumLong();
            }
        }

        long Of(string state) => values[$"{ReliableMqttTelemetry.LedgerMessages} {state}"];
        return values.ContainsKey($"{ReliableMqttTelemetry.LedgerMessages} accepted")
            ? new(Of("accepted"), Of("confirmed"), Of("expired"), Of("dead_lettered"), Of("put_aside"), values[$"{ReliableMqttTelemetry.LedgerMessageCount} pending"])
            : null;
    }
}
