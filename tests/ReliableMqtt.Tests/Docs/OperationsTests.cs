using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.Json.Nodes;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Tests.Docs;

/// <summary>Proves that the dashboard and the alert rules ask for what there is: each series is that of an instrument in code, by name, kind and unit, and each instrument can be seen.</summary>
public sealed class OperationsTests
{
    private static readonly List<Instrument> Instruments = Published();

    private static readonly IReadOnlySet<string> Attributes = typeof(ReliableMqttTelemetry).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.Name.EndsWith("Attribute", StringComparison.Ordinal)).Select(field => PrometheusNames.Sanitize((string)field.GetRawConstantValue()!)).ToHashSet();

    [Theory]
    [InlineData("reliable_mqtt.client.accepted.messages", "{message}", "Counter", "reliable_mqtt_client_accepted_messages_total")]
    [InlineData("reliable_mqtt.client.reconnects", "{reconnect}", "ObservableCounter", "reliable_mqtt_client_reconnects_total")]
    [InlineData("reliable_mqtt.ledger.message.count", "{message}", "ObservableUpDownCounter", "reliable_mqtt_ledger_message_count")]
    [InlineData("reliable_mqtt.ledger.oldest_message.age", "s", "ObservableGauge", "reliable_mqtt_ledger_oldest_message_age_seconds")]
    [InlineData("a.b", "s", "Histogram", "a_b_seconds_bucket a_b_seconds_sum a_b_seconds_count")]
    [InlineData("a.seconds", "s", "ObservableGauge", "a_seconds")]
    [InlineData("a--b", null, "ObservableGauge", "a_b")]
    public void Names_are_written_as_the_exporter_does(string name, string? unit, string kind, string expected) =>
        Assert.Equal(expected.Split(' '), PrometheusNames.Of(name, unit, kind));

    [Theory]
    [InlineData(OperationsFiles.Dashboard)]
    [InlineData(OperationsFiles.Alerts)]
    public void Every_name_is_that_of_an_instrument_or_of_an_attribute(string file)
    {
        var text = OperationsFiles.Read(file);
        var series = Instruments.SelectMany(PrometheusNames.Of).ToHashSet();
        Assert.True(OperationsFiles.Names(text).Count > 5);
        Assert.Empty(OperationsFiles.Names(text).Except(series).Except(Attributes));
        Assert.Contains("reliable_mqtt_publisher_id", OperationsFiles.Labels(text));
        Assert.Empty(OperationsFiles.Labels(text).Except(Attributes).Except(["le"]));
    }

    [Fact]
    public void Every_instrument_is_on_the_dashboard()
    {
        var shown = OperationsFiles.Names(OperationsFiles.Read(OperationsFiles.Dashboard));
        Assert.True(Instruments.Count > 10);
        Assert.All(Instruments, instrument => Assert.True(PrometheusNames.Of(instrument).Any(shown.Contains), $"{instrument.Name} is not on the dashboard."));
    }

    [Fact]
    public void Every_panel_asks_for_something_and_says_what_it_is()
    {
        var panels = JsonNode.Parse(OperationsFiles.Read(OperationsFiles.Dashboard))!["panels"]!.AsArray();
        Assert.Distinct(panels.Select(panel => (int)panel!["id"]!));
        Assert.All(panels.Where(panel => (string)panel!["type"]! != "row"), panel =>
        {
            Assert.NotEmpty((string)panel!["description"]!);
            Assert.All(panel["targets"]!.AsArray(), target => Assert.NotEmpty(OperationsFiles.Names((string)target!["expr"]!)));
            Assert.NotEmpty(panel["targets"]!.AsArray());
        });
    }

    [Theory]
    [InlineData("reliable_mqtt_ledger_oldest_message_age_seconds")]
    [InlineData("reliable_mqtt_client_dead_lettered_messages_total")]
    [InlineData("reliable_mqtt_ledger_operation_duration_seconds_count")]
    [InlineData("reliable_mqtt_client_confirmed_messages_total")]
    [InlineData("reliable_mqtt_client_backpressure_duration_seconds_count")]
    public void There_is_an_alert_by(string series) => Assert.Contains(series, OperationsFiles.Names(OperationsFiles.Read(OperationsFiles.Alerts)));

    [Fact]
    public void Names_and_labels_are_found()
    {
        const string Expression = """sum by (reliable_mqtt_publisher_id, le) (rate(messaging_x_total{error_type!="",a=\"b\"}[5m])) > 1""";
        Assert.Equal(["reliable_mqtt_publisher_id", "messaging_x_total"], OperationsFiles.Names(Expression));
        Assert.Equal(["error_type", "a", "reliable_mqtt_publisher_id", "le"], OperationsFiles.Labels(Expression));
    }

    private static List<Instrument> Published()
    {
        var found = new List<Instrument>();
        using var factory = new OneMeter();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter == factory.Meter) found.Add(instrument);
            },
        };
        listener.Start();
        using var metrics = new PublisherMetrics(factory, "p", () => new PublisherStatus { Connection = ConnectionState.Connected });
        return found;
    }

    /// <summary>Other tests have meters of the same name.</summary>
    private sealed class OneMeter : IMeterFactory
    {
        public Meter Meter { get; } = new(ReliableMqttTelemetry.MeterName);

        public Meter Create(MeterOptions options) => Meter;

        public void Dispose() => Meter.Dispose();
    }
}
