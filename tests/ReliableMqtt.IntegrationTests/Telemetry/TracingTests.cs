using System.Diagnostics;
using System.Text;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using ReliableMqtt.IntegrationTests.Publishing;

namespace ReliableMqtt.IntegrationTests.Telemetry;

// Proves that one trace goes from the call to the receiver, also over a restart.
[Collection(nameof(TelemetryCollection))]
public sealed class TracingTests
{
    [Fact]
    public async Task The_span_of_a_publish_ends_with_the_confirm_and_the_receivers_is_linked_to_it()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded, counting: false);
        using var subscriber = await Subscriber.StartAsync(rig.Broker.Port);
        var publisher = await rig.ConnectPublisherAsync();
        var receipt = await publisher.Publish("m", qos: 2);
        var received = await subscriber.NextAsync();
        ReliableMqttTelemetry.StartProcess(received)!.Dispose();

        var span = Assert.Single(await telemetry.SpansAsync("publish"));
        Assert.Equal((ActivityKind.Producer, ActivityStatusCode.Unset), (span.Kind, span.Status));
        Assert.Equal(PublisherCalls.Topic, span.GetTagItem("messaging.destination.name"));
        Assert.Equal(receipt.MessageId.Value, span.GetTagItem("messaging.message.id"));
        Assert.Equal((2, "confirmed", 1), (span.GetTagItem(ReliableMqttTelemetry.QosAttribute), span.GetTagItem(ReliableMqttTelemetry.OutcomeAttribute), span.GetTagItem(ReliableMqttTelemetry.AttemptAttribute)));
        Assert.Equal(span.Context.SpanId, ReliableMqttTelemetry.ExtractContext(received).SpanId);
        var process = Assert.Single(await telemetry.SpansAsync("process"));
        Assert.Equal((ActivityKind.Consumer, span.Context.SpanId), (process.Kind, Assert.Single(process.Links).Context.SpanId));
        Assert.Equal(receipt.MessageId.Value, process.GetTagItem("messaging.message.id"));
    }

    [Fact]
    public async Task What_was_enqueued_keeps_its_trace_over_a_restart()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded, counting: false);
        using var subscriber = await Subscriber.StartAsync(rig.Broker.Port);
        rig.Proxy.Refuses = true;
        var dying = await rig.StartPublisherAsync();
        await dying.Enqueue("m");
        await rig.CrashAsync(dying);
        rig.Proxy.Refuses = false;
        await rig.ConnectPublisherAsync();
        var received = await subscriber.NextAsync();

        var create = Assert.Single(await telemetry.SpansAsync("create"));
        var publish = Assert.Single(await telemetry.SpansAsync("publish"));
        Assert.Equal((ActivityKind.Producer, ActivityKind.Client), (create.Kind, publish.Kind));
        Assert.Equal(create.Context.SpanId, Assert.Single(publish.Links).Context.SpanId);
        Assert.NotEqual(create.TraceId, publish.TraceId);
        Assert.Equal(create.Context.SpanId, ReliableMqttTelemetry.ExtractContext(received).SpanId);
    }

    [Fact]
    public async Task A_call_that_fails_says_so_on_its_span()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        await PublisherCalls.FailsAsync(() => publisher.Publish("m", options: new PublishOptions { ConfirmTimeout = TimeSpan.FromMilliseconds(100) }), PublishFailure.ConfirmTimeout);
        var span = Assert.Single(await telemetry.SpansAsync("publish"));
        Assert.Equal((ActivityStatusCode.Error, "timeout"), (span.Status, span.GetTagItem(ReliableMqttTelemetry.ErrorTypeAttribute)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_application_has_set_itself_stays_and_nothing_is_added_where_it_is_not_wanted(bool isUnwanted)
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded, counting: false);
        using var subscriber = await Subscriber.StartAsync(rig.Broker.Port);
        var publisher = await rig.ConnectPublisherAsync(options => options with { PropagateTraceContext = !isUnwanted });
        var own = new MqttUserProperty("traceparent", Encoding.UTF8.GetBytes("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        await publisher.Publish("m", options: isUnwanted ? null : new PublishOptions { UserProperties = [own] });
        var context = ReliableMqttTelemetry.ExtractContext(await subscriber.NextAsync());
        Assert.Equal(isUnwanted ? default : ActivityTraceId.CreateFromString("0af7651916cd43dd8448eb211c80319c"), context.TraceId);
    }

    [Fact]
    public async Task On_mqtt_311_there_is_a_span_and_no_property()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.ConnectPublisherAsync(mqtt: client => client.WithProtocolVersion(MqttProtocolVersion.V311));
        await publisher.Publish("m");
        Assert.Single(await telemetry.SpansAsync("publish"));
        Assert.Single(await rig.DeliveriesAsync());
    }
}
