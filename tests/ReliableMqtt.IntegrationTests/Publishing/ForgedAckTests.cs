using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that acks which answer nothing neither end a message nor the connection, and give nothing back to the window; and what those with a code do.
public sealed class ForgedAckTests
{
    private const int Window = 5;
    private const int Unknown = 60_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 0x00)]
    [InlineData(MqttControlPacketType.PubAck, 0x87)]
    [InlineData(MqttControlPacketType.PubRec, 0x00)]
    [InlineData(MqttControlPacketType.PubRec, 0x97)]
    [InlineData(MqttControlPacketType.PubComp, 0x00)]
    [InlineData(MqttControlPacketType.PubComp, 0x92)]
    [Conformance(24, 35)]
    public async Task An_ack_of_an_unknown_packet_id_opens_no_window_and_ends_no_connection(MqttControlPacketType type, byte code)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = Window });
        var withheld = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold, Window);
        var publishing = publisher.PublishAll("m", 2 * Window);
        await withheld.HitsAsync(Window);

        for (var i = 0; i < Window; i++) await rig.Proxy.ForgeAsync(Direction.ToClient, Forge.Ack(type, Unknown + i, code));
        await RoundTripAsync(publisher);
        (int, byte)[] expected = type == MqttControlPacketType.PubRec && code < 0x80 ? [.. Enumerable.Range(Unknown, Window).Select(id => (id, (byte)0x92))] : [];
        // What the client has read, the publisher's own loop may take a moment later.
        await Eventually.Async(() => Answers().Length >= expected.Length, () => $"{Answers().Length} PUBRELs");
        Assert.Equal(expected, Answers());
        Assert.Equal(Window, rig.Publishes.Count);

        await withheld.ReleaseAsync();
        await publishing;
        Assert.Equal(0, publisher.Status.Reconnects);
        Assert.Equal(2 * Window, (await rig.DeliveriesAsync()).Count);

        (int, byte)[] Answers() => [.. rig.PubRels.Where(packet => packet.PacketId >= Unknown).Select(packet => ((int)packet.PacketId, packet.ReasonCode))];
    }

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 2)]
    [InlineData(MqttControlPacketType.PubComp, 2)]
    [InlineData(MqttControlPacketType.PubRec, 1)]
    [InlineData(MqttControlPacketType.PubComp, 1)]
    [Conformance(4, 24, 35)]
    public async Task An_ack_of_the_wrong_kind_ends_nothing(MqttControlPacketType type, int qos)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = 1 });
        var withheld = rig.Tap.On(qos == 1 ? MqttControlPacketType.PubAck : MqttControlPacketType.PubRec, TapAction.Withhold);
        var first = await publisher.Enqueue("first", qos);
        await publisher.Enqueue("second", qos);
        var id = (await withheld.HitAsync()).PacketId;

        await rig.Proxy.ForgeAsync(Direction.ToClient, Forge.Ack(type, id));
        await RoundTripAsync(publisher);
        Assert.Equal(PublishOutcome.Pending, (await publisher.Receipt(first.MessageId)).Outcome);
        Assert.Equal("first", Assert.Single(rig.Publishes).Payload);
        Assert.Empty(rig.PubRels);

        await withheld.ReleaseAsync();
        await publisher.FlushAsync(Cancel);
        Assert.Equal(0, publisher.Status.Reconnects);
        Assert.Equal(["first", "second"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 1)]
    [InlineData(MqttControlPacketType.PubRec, 2)]
    [Conformance(10, 24)]
    public async Task A_refusing_ack_gives_its_room_to_the_next_message_and_is_followed_by_no_pubrel(MqttControlPacketType type, int qos)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = 1 });
        var lost = rig.Tap.On(MqttControlPacketType.Publish, TapAction.Drop);
        var refused = await publisher.Enqueue("refused", qos);
        var next = await publisher.Enqueue("next", qos);
        var id = (await lost.HitAsync()).PacketId;
        await rig.Proxy.ForgeAsync(Direction.ToClient, Forge.Ack(type, id, 0x87));

        Assert.Equal(PublishOutcome.Rejected, (await refused.Confirm()).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await next.Confirm()).Outcome);
        Assert.Equal(["refused", "next"], rig.Publishes.Select(packet => packet.Payload));
        Assert.DoesNotContain(rig.PubRels, packet => packet.PacketId == id);
        Assert.Equal("next", Assert.Single(await rig.DeliveriesAsync()).Payload);
    }

    [Fact]
    [Conformance(35)]
    public async Task A_repeated_pubcomp_confirms_one_message_only()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
        await rig.Proxy.ForgeAsync(Direction.ToClient, Forge.Ack(MqttControlPacketType.PubComp, rig.Publishes[0].PacketId));
        await RoundTripAsync(publisher);
        await publisher.StatusIsAsync(status => status is { Confirmed: 1, Reconnects: 0 });
    }

    /// <summary>Something goes to the broker and back behind all that was sent before it, so that this has been taken.</summary>
    internal static async Task RoundTripAsync(ReliablePublisher publisher)
    {
        await publisher.Client.SubscribeAsync("elsewhere", cancellationToken: Cancel);
        await publisher.Client.UnsubscribeAsync("elsewhere", Cancel);
    }
}
