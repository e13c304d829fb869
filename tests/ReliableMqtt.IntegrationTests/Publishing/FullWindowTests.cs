using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a window which is full holds back PUBLISHes of QoS 1 and 2, and nothing else.
public sealed class FullWindowTests
{
    private const int Window = 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Conformance(25)]
    public async Task Pubrels_subscriptions_pings_and_qos_0_pass_a_full_window()
    {
        await using var rig = await Rig.StartAsync(settings: new MosquittoSettings { MaxInflightMessages = Window });
        var publisher = await rig.ConnectPublisherAsync();
        var pubComps = rig.Tap.On(MqttControlPacketType.PubComp, TapAction.Withhold, Window);
        var publishing = publisher.PublishAll("m", Window + 10);

        // Every PUBREL leaves, and no PUBCOMP comes: the window stays full.
        await pubComps.HitsAsync(Window);
        Assert.Equal((Window, Window), (rig.Publishes.Count, rig.PubRels.Count));
        await ForgedAckTests.RoundTripAsync(publisher);
        await publisher.Client.PingAsync(Cancel);
        Assert.Equal(PublishOutcome.Sent, (await publisher.Publish("zero", qos: 0)).Outcome);
        Assert.Equal([1, 1], new[] { MqttControlPacketType.SubAck, MqttControlPacketType.PingResp }.Select(type => rig.Tap.Of(type, Direction.ToClient).Count));
        Assert.Equal(Window, rig.Publishes.Count(packet => packet.Qos > 0));
        Assert.False(publishing.IsCompleted);

        await pubComps.ReleaseAsync();
        await publishing;
        Assert.Equal(Window + 10 + 1, (await rig.DeliveriesAsync()).Count);
    }

    [Fact]
    [Conformance(25)]
    public async Task A_disconnect_passes_a_full_window()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = 1 });
        var lost = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        await publisher.Enqueue("m");
        await lost.HitAsync();
        await publisher.DisposeAsync();
        await rig.Tap.SeesAsync(packet => packet is { Connection: Rig.First, Type: MqttControlPacketType.Disconnect }, "a DISCONNECT");
    }
}
