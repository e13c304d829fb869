using System.Reflection;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;

namespace ReliableMqtt.IntegrationTests.Telemetry;

// Proves that what is exported is what has happened.
[Collection(nameof(TelemetryCollection))]
public sealed class MetricTests
{
    [Fact]
    public async Task What_was_accepted_is_confirmed_or_dead_or_expired_or_pending()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.PublishAll("good", 20, qos: 1);
        await publisher.PublishAll("better", 10, qos: 2);
        await publisher.Publish(PublisherCalls.WithId("known", "once"));
        await publisher.Publish(PublisherCalls.WithId("known", "once more"));
        rig.Tap.On(MqttControlPacketType.Publish, TapAction.Answer(packet => Forge.AnswerTo(packet, 0x87, null)));
        Assert.Equal(PublishOutcome.Rejected, (await publisher.TryPublish("refused", qos: 1)).Outcome);
        rig.Proxy.Refuses = true;
        rig.Proxy.Cut();
        await publisher.StatusIsAsync(status => status.Connection != ConnectionState.Connected);
        var expiring = publisher.TryPublish("expiring", options: new PublishOptions { MessageExpiry = TimeSpan.FromSeconds(1) });
        Assert.Equal(PublishOutcome.Expired, (await expiring).Outcome);
        await publisher.Enqueue("left");
        await publisher.Enqueue("left too");
        await publisher.StatusIsAsync(status => status.Pending == 2);

        Assert.Equal(35, telemetry.Sum(ReliableMqttTelemetry.AcceptedMessages));
        Assert.Equal(31, telemetry.Sum(ReliableMqttTelemetry.ConfirmedMessages));
        Assert.Equal(31, telemetry.Sum(ReliableMqttTelemetry.DeliveryDuration));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.DeduplicatedMessages));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.RejectedMessages, ReliableMqttTelemetry.ErrorTypeAttribute, "not_authorized"));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.DeadLetteredMessages));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.ExpiredMessages));
        Assert.Equal(2, telemetry.Sum(ReliableMqttTelemetry.LedgerMessageCount, ReliableMqttTelemetry.MessageStateAttribute, "pending"));
        Assert.Equal(32, telemetry.Sum(ReliableMqttTelemetry.SentMessages));
        Assert.True(telemetry.Sum(ReliableMqttTelemetry.OldestMessageAge) > 0);
        Assert.True(telemetry.Sum(ReliableMqttTelemetry.LedgerOperationDuration, ReliableMqttTelemetry.LedgerOperationAttribute, "commit") > 0);
    }

    [Fact]
    public async Task A_resumed_handshake_counts_as_sent_again()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.ConnectPublisherAsync();
        var lost = rig.Tap.On(MqttControlPacketType.PubAck, TapAction.Drop);
        var publishing = publisher.Publish("m", qos: 1);
        await lost.HitAsync();
        rig.Proxy.Cut();
        await publishing;
        Assert.Equal(2, telemetry.Sum(ReliableMqttTelemetry.SentMessages));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.RepublishedMessages));
        Assert.Equal(1, telemetry.Sum(ReliableMqttTelemetry.ConfirmedMessages));
        Assert.Equal(publisher.Status.Reconnects, telemetry.Sum(ReliableMqttTelemetry.Reconnects));
    }

    [Fact]
    public async Task Every_instrument_has_a_documented_name_and_none_has_a_topic()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish("m");
        var constants = typeof(ReliableMqttTelemetry).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToHashSet();
        var metrics = telemetry.Collect();
        Assert.True(metrics.Count > 8);
        foreach (var metric in metrics)
        {
            Assert.Contains(metric.Name, constants);
            foreach (var point in metric.MetricPoints)
            {
                foreach (var tag in point.Tags)
                {
                    Assert.Contains(tag.Key, constants);
                    Assert.NotEqual(PublisherCalls.Topic, tag.Value);
                }
            }
        }
    }

    [Fact]
    public async Task A_disposed_publisher_is_seen_no_more()
    {
        using var telemetry = new ExportedTelemetry();
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.StartPublisherAsync();
        await publisher.Enqueue("m");
        await publisher.DisposeAsync();
        Assert.Equal(0, telemetry.Sum(ReliableMqttTelemetry.LedgerMessageCount));
    }
}
