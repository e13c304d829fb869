using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a handshake goes on where a lost packet has left it: after a reconnect, under its packet id, and never on the living connection.
public sealed class LostPacketTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto, 1)]
    [InlineData(BrokerKind.Mosquitto, 2)]
    [InlineData(BrokerKind.Embedded, 1)]
    [InlineData(BrokerKind.Embedded, 2)]
    [Conformance(3, 6, 15)]
    public async Task A_lost_publish_is_sent_again_and_delivered_once(BrokerKind kind, int qos)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Tap.On(MqttControlPacketType.Publish, TapAction.CutBefore);
        var deliveries = await PublishAndResumeAsync(rig, qos);
        AssertResentOnce(rig);
        Assert.Single(deliveries);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    [Conformance(3, 8)]
    public async Task A_lost_puback_leads_to_a_dup_and_the_message_is_delivered_at_least_once(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Tap.On(MqttControlPacketType.PubAck, TapAction.CutBefore);
        var deliveries = await PublishAndResumeAsync(rig, qos: 1);
        AssertResentOnce(rig);
        Assert.InRange(deliveries.Count, 1, 2);
        Assert.Single(deliveries.Distinct());
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    [Conformance(3, 9)]
    public async Task A_lost_pubrec_leads_to_a_dup_and_one_delivery(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Tap.On(MqttControlPacketType.PubRec, TapAction.CutBefore);
        var deliveries = await PublishAndResumeAsync(rig, qos: 2);
        AssertResentOnce(rig);
        Assert.Single(rig.PubRels);
        Assert.Single(deliveries);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRel)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubComp)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubRel)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp)]
    [Conformance(5, 11, 12)]
    public async Task A_lost_pubrel_or_pubcomp_leads_to_another_pubrel_and_never_to_a_publish(BrokerKind kind, MqttControlPacketType lost)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Tap.On(lost, TapAction.CutBefore);
        var deliveries = await PublishAndResumeAsync(rig, qos: 2);
        var publish = Assert.Single(rig.Publishes);
        Assert.False(publish.Dup);
        Assert.Equal([(Rig.First, publish.PacketId), (Rig.Second, publish.PacketId)], rig.PubRels.Select(packet => (packet.Connection, packet.PacketId)));
        Assert.Single(deliveries);
    }

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 1)]
    [InlineData(MqttControlPacketType.PubRec, 2)]
    [InlineData(MqttControlPacketType.PubComp, 2)]
    [Conformance(16)]
    public async Task Nothing_is_resent_while_the_connection_lives_and_others_go_past(MqttControlPacketType lost, int qos)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var rule = rig.Tap.On(lost, TapAction.Drop);
        var stuck = publisher.Publish("stuck", qos);
        await rule.HitAsync();
        await publisher.PublishAll("m", 100);

        Assert.False(stuck.IsCompleted);
        Assert.Equal(101, rig.Publishes.Count);
        Assert.Equal(Rig.First, rig.Tap.Packets.Max(packet => packet.Connection));

        rig.Proxy.Cut();
        Assert.Equal(PublishOutcome.Confirmed, (await stuck).Outcome);
        Assert.Equal(1, publisher.Status.Resumed);
        var deliveries = await rig.DeliveriesAsync();
        Assert.All(deliveries.CountBy(delivery => delivery.Payload), pair => Assert.InRange(pair.Value, 1, pair.Key == "stuck" && qos == 1 ? 2 : 1));
        Assert.Equal(101, deliveries.Distinct().Count());
    }

    private static async Task<IReadOnlyList<Delivery>> PublishAndResumeAsync(Rig rig, int qos)
    {
        var publisher = await rig.ConnectPublisherAsync();
        var receipt = await publisher.Publish("m", qos);
        Assert.Equal((PublishOutcome.Confirmed, 1), (receipt.Outcome, receipt.Attempts));
        await publisher.StatusIsAsync(status => status is { Reconnects: 1, Resumed: 1 });
        return await rig.DeliveriesAsync();
    }

    private static void AssertResentOnce(Rig rig)
    {
        var first = rig.Publishes[0];
        Assert.Equal([(Rig.First, first.PacketId, false), (Rig.Second, first.PacketId, true)],
            rig.Publishes.Select(packet => (packet.Connection, packet.PacketId, packet.Dup)));
    }
}
