using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what MQTT 3.1.1 leaves of the promise: the same handshakes and sessions, no properties, no reason codes.
public sealed class Mqtt311Tests
{
    private static readonly Action<MqttClientOptionsBuilder> Mqtt311 = client => client.WithProtocolVersion(MqttProtocolVersion.V311);

    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubAck, 1, 2, 0)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.Publish, 2, 2, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRec, 2, 2, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubComp, 2, 1, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubAck, 1, 2, 0)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp, 2, 1, 2)]
    [Conformance(3, 12, 15)]
    public async Task A_handshake_is_resumed_after_a_lost_packet(BrokerKind kind, MqttControlPacketType lost, int qos, int publishes, int pubRels)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync(mqtt: Mqtt311);
        rig.Tap.On(lost, TapAction.CutBefore);
        var receipt = await publisher.Publish("m", qos);
        Assert.Equal((PublishOutcome.Confirmed, (byte?)null, false), (receipt.Outcome, receipt.ReasonCode, receipt.NoMatchingSubscribers));
        Assert.Equal((publishes, pubRels, 1), (rig.Publishes.Count, rig.PubRels.Count, publisher.Status.Resumed));

        // There is no place for the message id on this wire.
        Assert.All(await rig.DeliveriesAsync(), delivery => Assert.Equal(new Delivery(null, PublisherCalls.Topic, "m"), delivery));
        Assert.InRange(rig.Counter.ByPayload()["m"], 1, lost == MqttControlPacketType.PubAck ? 2 : 1);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    [Conformance(14)]
    public async Task The_next_process_and_the_restarted_broker_go_on_with_the_session(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        var dying = await rig.ConnectPublisherAsync(mqtt: Mqtt311);
        var lost = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        await dying.Enqueue("m");
        await lost.HitAsync();
        await rig.CrashAsync(dying);
        await rig.Broker.RestartAsync();

        var next = await rig.ConnectPublisherAsync(mqtt: Mqtt311);
        await next.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal([false, true], rig.Publishes.Select(packet => packet.Dup));
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    [Conformance(23)]
    public async Task A_broker_that_cannot_tell_its_window_loses_nothing()
    {
        // mosquitto would confirm the 21st QoS 2 message in flight, and discard it.
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(mqtt: Mqtt311);
        await Task.WhenAll(publisher.PublishAll("two-", 300), publisher.PublishAll("one-", 300, qos: 1));
        await publisher.Publish("zero", qos: 0);
        await rig.Counter.HasDistinctAsync(601);
        Assert.Equal(601, rig.Counter.Count);
    }

    [Theory]
    [MemberData(nameof(Mqtt5Options))]
    public async Task An_option_that_needs_mqtt_5_is_refused_before_anything_is_stored(string name, PublishOptions options)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(mqtt: Mqtt311);
        for (var qos = 0; qos <= 2; qos++)
        {
            var level = qos;
            var failure = await PublisherCalls.FailsAsync(() => publisher.Publish("m", level, options), PublishFailure.InvalidMessage);
            Assert.StartsWith(name, failure.Message, StringComparison.Ordinal);
            Assert.Equal(PublishOutcome.NotAccepted, failure.Receipt.Outcome);
        }

        await rig.AssertNothingStoredAsync();
        Assert.Empty(rig.Publishes);
    }

    public static IEnumerable<TheoryDataRow<string, PublishOptions>> Mqtt5Options() =>
    [
        new(nameof(PublishOptions.ContentType), new() { ContentType = "text/plain" }),
        new(nameof(PublishOptions.ResponseTopic), new() { ResponseTopic = "answer" }),
        new(nameof(PublishOptions.CorrelationData), new() { CorrelationData = new byte[] { 1 } }),
        new(nameof(PublishOptions.PayloadFormatIndicator), new() { PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData }),
        new(nameof(PublishOptions.UserProperties), new() { UserProperties = [new MqttUserProperty("a", ReadOnlyMemory<byte>.Empty)] }),
    ];
}
