using MQTTnet.Exceptions;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;
using static ReliableMqtt.Tests.Mqtt.AdapterHarness;

namespace ReliableMqtt.Tests.Mqtt;

// Proves what passes between MqttClient and the wire, what stays with the session, and how a connection ends.
public sealed class SessionChannelAdapterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_session_hears_of_the_connection_before_the_client_does()
    {
        var harness = new AdapterHarness();
        var reading = harness.Adapter.ReceivePacketAsync(CancellationToken.None);
        harness.Sink.Connected = _ => Assert.False(reading.IsCompleted);
        harness.Wire.Receive(new MqttConnAckPacket { ReceiveMaximum = 20, ServerKeepAlive = 30 });
        var connAck = Assert.IsType<MqttConnAckPacket>(await reading);
        Assert.Equal(["connected 1"], harness.Sink.Calls);
        Assert.Equal(0, connAck.ServerKeepAlive);
        Assert.Equal(20, harness.Adapter.Info!.ReceiveMaximum);
    }

    [Fact]
    public async Task Acks_of_ours_are_swallowed_and_others_are_dropped()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.Receive(new MqttPubAckPacket { PacketIdentifier = 1, ReasonCode = MqttPubAckReasonCode.NoMatchingSubscribers });
        harness.Wire.Receive(new MqttPubRecPacket { PacketIdentifier = PacketId.Max, ReasonCode = MqttPubRecReasonCode.QuotaExceeded });
        harness.Wire.Receive(new MqttPubCompPacket { PacketIdentifier = 3, ReasonCode = MqttPubCompReasonCode.PacketIdentifierNotFound });
        harness.Wire.Receive(new MqttPubAckPacket { PacketIdentifier = PacketId.Max + 1 });
        harness.Wire.Receive(new MqttPubRecPacket { PacketIdentifier = 0 });
        harness.Wire.Receive(new MqttPublishPacket { Topic = "t" });
        Assert.IsType<MqttPublishPacket>(await harness.ReadAsync());
        Assert.Equal(["connected 1", "PubAck 1 0x10", "PubRec 61439 0x97", "PubComp 3 0x92"], harness.Sink.Calls);
        Assert.True(harness.Adapter.MadeProgress);
    }

    [Fact]
    public async Task Packets_of_the_session_share_a_flush_and_keep_their_order()
    {
        var harness = new AdapterHarness();
        harness.Sink.Connected = _ => harness.Adapter.Send([Publish(2), Publish(1), new OutboundPacket(new PacketId(7), null), Publish(3)]);
        await harness.ConnectAsync();
        await Eventually(() => harness.Wire.Log.Contains("flush"));
        Assert.Equal(["Publish", "Publish", "PubRel", "Publish", "flush"], harness.Wire.Log);
        Assert.Equal([2, 1, 3], harness.Wire.Sent<MqttPublishPacket>().Select(packet => (int)packet.PacketIdentifier));
    }

    [Fact]
    [Conformance(33)]
    public async Task Nothing_of_the_session_leaves_before_the_connack_or_after_the_end()
    {
        var harness = new AdapterHarness();
        harness.Adapter.Send([Publish(1)]);
        await harness.ConnectAsync();
        harness.Adapter.End("test");
        harness.Adapter.Send([Publish(2)]);
        Assert.False(await harness.Adapter.SendAtMostOnceAsync(Record(MqttQualityOfServiceLevel.AtMostOnce), null));
        Assert.Empty(harness.Wire.Log);
    }

    [Fact]
    public async Task Qos_0_completes_with_its_flush_and_not_before()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var gate = new TaskCompletionSource();
        harness.Wire.BeforeFlush = () => gate.Task;
        var sent = harness.Adapter.SendAtMostOnceAsync(Record(MqttQualityOfServiceLevel.AtMostOnce), null);
        await Eventually(() => harness.Wire.Log.Length == 1);
        Assert.False(sent.IsCompleted);
        gate.SetResult();
        Assert.True(await sent.WaitAsync(TimeSpan.FromSeconds(10), Token));
    }

    [Fact]
    public async Task Qos_0_whose_flush_fails_says_so_and_ends_the_connection()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.BeforeFlush = () => throw new IOException("cut");
        Assert.False(await harness.Adapter.SendAtMostOnceAsync(Record(MqttQualityOfServiceLevel.AtMostOnce), null).WaitAsync(TimeSpan.FromSeconds(10), Token));
        Assert.IsType<IOException>((await harness.Adapter.Ended).Error);
        Assert.Equal(["connected 1", "lost 1"], harness.Sink.Calls);
    }

    [Fact]
    public async Task A_packet_that_cannot_be_encoded_ends_the_connection_once()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.FailOn = packet => packet is MqttPublishPacket { PacketIdentifier: 2 } ? new MqttProtocolViolationException("too long") : null;
        harness.Adapter.Send([Publish(1), Publish(2), Publish(3)]);
        var end = await harness.Adapter.Ended.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.IsType<MqttProtocolViolationException>(end.Error);
        Assert.True(harness.Wire.Disposed);
        Assert.Single(harness.Wire.Sent<MqttPublishPacket>());
        Assert.Null(await harness.ReadAsync());
        Assert.Equal(["connected 1", "lost 1"], harness.Sink.Calls);
    }

    [Fact]
    [Conformance(1)]
    public async Task Subscribe_ids_are_moved_off_ours_and_back()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var subscribe = new MqttSubscribePacket { PacketIdentifier = 1, TopicFilters = [new MqttTopicFilter { Topic = "t" }] };
        await harness.Adapter.SendPacketAsync(subscribe, Token);
        await harness.Adapter.SendPacketAsync(new MqttUnsubscribePacket { PacketIdentifier = 2, TopicFilters = ["t"] }, Token);
        Assert.Equal(1, subscribe.PacketIdentifier);
        var wireId = harness.Wire.Sent<MqttSubscribePacket>().Single().PacketIdentifier;
        Assert.True(wireId > PacketId.Max);

        harness.Wire.Receive(new MqttSubAckPacket { PacketIdentifier = 0xFFF0 });
        harness.Wire.Receive(new MqttSubAckPacket { PacketIdentifier = wireId });
        harness.Wire.Receive(new MqttUnsubAckPacket { PacketIdentifier = harness.Wire.Sent<MqttUnsubscribePacket>().Single().PacketIdentifier });
        Assert.Equal(1, Assert.IsType<MqttSubAckPacket>(await harness.ReadAsync()).PacketIdentifier);
        Assert.Equal(2, Assert.IsType<MqttUnsubAckPacket>(await harness.ReadAsync()).PacketIdentifier);
    }

    [Fact]
    public async Task A_repeated_qos_2_message_reaches_the_client_once()
    {
        var ids = new IncomingQos2Ids();
        var first = new AdapterHarness(ids: ids);
        await first.ConnectAsync();
        var publish = new MqttPublishPacket { PacketIdentifier = 9, Topic = "t", QualityOfServiceLevel = MqttQualityOfServiceLevel.ExactlyOnce };
        first.Wire.Receive(publish);
        first.Wire.Receive(publish);
        first.Wire.Receive(new MqttPubRelPacket { PacketIdentifier = 77 });
        Assert.IsType<MqttPublishPacket>(await first.ReadAsync());
        Assert.IsType<MqttPubRelPacket>(await first.ReadAsync());
        await first.Adapter.SendPacketAsync(new MqttPubRecPacket { PacketIdentifier = 9 }, Token);
        first.Adapter.End("cut");

        var second = new AdapterHarness(ids: ids, connectionId: 2);
        await second.ConnectAsync(new MqttConnAckPacket { IsSessionPresent = true });
        second.Wire.Receive(publish);
        second.Wire.Receive(new MqttPubRelPacket { PacketIdentifier = 9 });
        second.Wire.Receive(publish);
        Assert.IsType<MqttPubRelPacket>(await second.ReadAsync());
        Assert.IsType<MqttPublishPacket>(await second.ReadAsync());
        Assert.Equal(9, second.Wire.Sent<MqttPubRecPacket>().Single().PacketIdentifier);
    }

    [Fact]
    public async Task Pings_of_ours_and_of_the_client_are_told_apart_by_their_order()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var ours = harness.Adapter.PingAsync(TimeSpan.FromSeconds(5));
        await harness.Adapter.SendPacketAsync(MqttPingReqPacket.Instance, Token);
        harness.Wire.Receive(MqttPingRespPacket.Instance);
        harness.Wire.Receive(new MqttPublishPacket { Topic = "t" });
        Assert.IsType<MqttPublishPacket>(await harness.ReadAsync());
        Assert.True(await ours);
        harness.Wire.Receive(MqttPingRespPacket.Instance);
        Assert.IsType<MqttPingRespPacket>(await harness.ReadAsync());
    }

    [Fact]
    public async Task A_ping_without_an_answer_is_false_after_its_time_and_at_the_end()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var late = harness.Adapter.PingAsync(TimeSpan.FromSeconds(5));
        harness.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await late);
        var cut = harness.Adapter.PingAsync(TimeSpan.FromSeconds(5));
        harness.Adapter.End("cut");
        Assert.False(await cut);
    }

    [Fact]
    [Conformance(34)]
    public async Task A_server_keep_alive_overrides_and_its_missing_pingresp_ends_the_connection()
    {
        var harness = new AdapterHarness(keepAlive: TimeSpan.FromMinutes(10));
        await harness.Adapter.SendPacketAsync(new MqttConnectPacket(), Token);
        Assert.Equal(600, harness.Wire.Sent<MqttConnectPacket>().Single().KeepAlivePeriod);
        await harness.ConnectAsync(new MqttConnAckPacket { ServerKeepAlive = 8 });
        for (var i = 0; i < 6; i++) harness.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually(() => harness.Wire.Sent<MqttPingReqPacket>().Length == 1);
        for (var i = 0; i < 4; i++) harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("PINGRESP", (await harness.Adapter.Ended.WaitAsync(TimeSpan.FromSeconds(10), Token)).Why, StringComparison.Ordinal);
        Assert.Equal(["connected 1", "lost 1"], harness.Sink.Calls);
    }
}
