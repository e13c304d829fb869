using System.Net;
using System.Net.Sockets;
using MQTTnet.Protocol;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;
using ReliableMqtt.Tests.Docs;

namespace ReliableMqtt.IntegrationTests.Telemetry;

// Proves with OpenTelemetry's own exporter that the series of the dashboard and of the alert rules are what Prometheus reads.
[Collection(nameof(TelemetryCollection))]
public sealed class PrometheusTests
{
    [Fact]
    public async Task The_exporter_writes_every_series_that_dashboard_and_alerts_ask_for()
    {
        var port = FreePort();
        using var exporter = Sdk.CreateMeterProviderBuilder().AddMeter(ReliableMqttTelemetry.MeterName)
            .AddPrometheusHttpListener(listener => (listener.Host, listener.Port) = ("127.0.0.1", port)).Build();
        using var metrics = new PublisherMetrics(null, "p", () => new PublisherStatus { Connection = ConnectionState.Connected });
        TellEverything(metrics);

        var page = "";
        using var http = new HttpClient();
        await Eventually.Async(
            async () => (page = await http.GetStringAsync($"http://127.0.0.1:{port}/metrics", TestContext.Current.CancellationToken)).Contains("reliable_mqtt_", StringComparison.Ordinal), "the page has our series");
        var written = page.Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToList();
        var series = written.Select(line => line.Split('{', ' ')[0]).ToHashSet();
        var labels = written.SelectMany(OperationsFiles.Labels).ToHashSet();
        foreach (var text in new[] { OperationsFiles.Read(OperationsFiles.Dashboard), OperationsFiles.Read(OperationsFiles.Alerts) })
            Assert.Empty(OperationsFiles.Names(text).Concat(OperationsFiles.Labels(text)).Except(series).Except(labels));
    }

    /// <summary>A counter is written when it has counted.</summary>
    private static void TellEverything(PublisherMetrics metrics)
    {
        var now = TimeProvider.System.GetUtcNow();
        metrics.OnAccepted();
        metrics.OnKnown();
        metrics.OnCounted(new LedgerStatistics(0, 0, 0, 0, null, Totals: new LedgerTotals(1, 1, 0, 0, 0)));
        metrics.OnSent([new OutboundPacket(default, new LedgerRecord { Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce }, Dup: true)]);
        metrics.OnFinished(new PublishReceipt { Outcome = PublishOutcome.Confirmed, AcceptedAt = now }, now, TimeProvider.System);
        metrics.OnFinished(new PublishReceipt { Outcome = PublishOutcome.Rejected, ReasonCode = 0x87 }, now, TimeProvider.System);
        metrics.OnFinished(new PublishReceipt { Outcome = PublishOutcome.Expired }, null, TimeProvider.System);
        metrics.OnRoomAgain(TimeSpan.FromSeconds(1));
        metrics.OnLedgerCall("commit", TimeSpan.FromSeconds(1), failed: true);
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
