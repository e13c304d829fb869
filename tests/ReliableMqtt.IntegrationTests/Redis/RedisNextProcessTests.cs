using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// What the tests of the next process prove of a ledger in memory, with Redis: only what Redis has crosses from one to the other.
public sealed class RedisNextProcessTests
{
    [Theory]
    [InlineData(MqttControlPacketType.Publish, 1, 2, 0)]
    [InlineData(MqttControlPacketType.PubAck, 1, 2, 0)]
    [InlineData(MqttControlPacketType.Publish, 2, 2, 1)]
    [InlineData(MqttControlPacketType.PubRec, 2, 2, 1)]
    [InlineData(MqttControlPacketType.PubRel, 2, 1, 2)]
    [InlineData(MqttControlPacketType.PubComp, 2, 1, 2)]
    public async Task The_next_process_goes_on_where_a_packet_was_lost(MqttControlPacketType lost, int qos, int publishes, int pubRels)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var dying = await rig.ConnectPublisherAsync();
        var rule = rig.Tap.On(lost, TapAction.Drop);
        var pending = await dying.Enqueue("m", qos);
        await rule.HitAsync();
        await rig.CrashAsync(dying);

        var next = await rig.ConnectPublisherAsync();
        await next.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(PublishOutcome.Confirmed, (await next.Receipt(pending.MessageId)).Outcome);
        Assert.Equal((publishes, pubRels), (rig.Publishes.Count, rig.PubRels.Count));
        Assert.Single(rig.Publishes.Concat(rig.PubRels).DistinctBy(packet => packet.PacketId));
        Assert.InRange((await rig.DeliveriesAsync()).Count, 1, lost == MqttControlPacketType.PubAck ? 2 : 1);
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task What_was_accepted_and_never_sent_goes_out_in_its_order_before_what_is_new()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
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
}
