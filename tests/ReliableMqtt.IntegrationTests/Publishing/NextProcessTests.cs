using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a process that dies at any point of a handshake is followed by one that goes on at this point.
public sealed class NextProcessTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.Publish, 1, 2, 0)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubAck, 1, 2, 0)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.Publish, 2, 2, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRec, 2, 2, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRel, 2, 1, 2)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubComp, 2, 1, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubAck, 1, 2, 0)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubRec, 2, 2, 1)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubRel, 2, 1, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp, 2, 1, 2)]
    [Conformance(3, 8, 11, 12, 14)]
    public async Task The_next_process_goes_on_where_a_packet_was_lost(BrokerKind kind, MqttControlPacketType lost, int qos, int publishes, int pubRels)
    {
        await using var rig = await Rig.StartAsync(kind);
        var dying = await rig.ConnectPublisherAsync();
        var rule = rig.Tap.On(lost, TapAction.Drop);
        var pending = await dying.Enqueue("m", qos);
        await rule.HitAsync();
        await rig.CrashAsync(dying);

        var next = await rig.ConnectPublisherAsync();
        await next.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(PublishOutcome.Confirmed, (await next.Receipt(pending.MessageId)).Outcome);
        Assert.Equal(1, next.Status.Resumed);
        Assert.Equal((publishes, pubRels), (rig.Publishes.Count, rig.PubRels.Count));
        Assert.Equal([false, true], rig.Publishes.Select(packet => packet.Dup).Concat([true]).Take(2));
        Assert.Single(rig.Publishes.Concat(rig.PubRels).DistinctBy(packet => packet.PacketId));
        Assert.InRange((await rig.DeliveriesAsync()).Count, 1, lost == MqttControlPacketType.PubAck ? 2 : 1);
    }

    [Fact]
    public async Task What_was_accepted_and_never_sent_goes_out_in_its_order_before_what_is_new()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var dying = await rig.StartPublisherAsync();
        for (var i = 0; i < 1500; i++) await dying.Enqueue($"m{i}", 1 + (i % 2));
        await rig.CrashAsync(dying);

        var next = await rig.StartPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish("new")).Outcome);
        await next.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 1500).Select(i => $"m{i}").Append("new"), rig.Publishes.Select(packet => packet.Payload));
        Assert.Equal(1501, (await rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task A_second_process_takes_over_when_the_first_one_ends()
    {
        await using var rig = await Rig.StartAsync();
        var first = await rig.ConnectPublisherAsync();
        var second = await rig.StartPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await second.Publish("accepted by the second")).Outcome);
        Assert.False(second.Status.IsOwner);
        await first.DisposeAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await second.Publish("sent by the second")).Outcome);
        await second.StatusIsAsync(status => status.IsOwner);
        Assert.Equal(["accepted by the second", "sent by the second"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }
}
