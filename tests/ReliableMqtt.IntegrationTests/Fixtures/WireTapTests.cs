using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class WireTapTests : IAsyncLifetime
{
    private readonly WireTap _tap = new();
    private MosquittoBroker _broker = null!;
    private CuttingProxy _proxy = null!;

    public async ValueTask InitializeAsync()
    {
        _broker = await MosquittoBroker.StartAsync();
        _proxy = CuttingProxy.Start(_broker.Port, _tap);
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null) await _proxy.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    public async Task It_reads_both_directions_of_a_handshake(MqttProtocolVersion version)
    {
        using var client = await RawClient.ConnectAsync(_proxy.Port, "reader", clean: true, version);
        var publish = RawClient.Publish("plant/ü", "payload ü", 2, 513, version == MqttProtocolVersion.V500 ? "id" : null, dup: true);
        publish.Retain = true;
        await client.SendAsync(publish);
        await client.ReceiveAsync<MqttPubRecPacket>();
        await client.SendAsync(new MqttPubRelPacket { PacketIdentifier = 513 });
        await client.ReceiveAsync<MqttPubCompPacket>();

        WirePacket Seen(Direction direction, MqttControlPacketType type, ushort id = 0) => new(1, direction, type) { PacketId = id };
        Assert.Equal(
            [
                Seen(Direction.ToBroker, MqttControlPacketType.Connect) with { ClientId = "reader", CleanStart = true, ProtocolVersion = (byte)version },
                Seen(Direction.ToClient, MqttControlPacketType.ConnAck),
                Seen(Direction.ToBroker, MqttControlPacketType.Publish, 513) with
                {
                    Dup = true, Qos = 2, Retain = true, Topic = "plant/ü", Payload = "payload ü",
                    MessageId = version == MqttProtocolVersion.V500 ? "id" : null,
                },
                Seen(Direction.ToClient, MqttControlPacketType.PubRec, 513),
                Seen(Direction.ToBroker, MqttControlPacketType.PubRel, 513),
                Seen(Direction.ToClient, MqttControlPacketType.PubComp, 513),
            ],
            _tap.Packets.Select(packet => packet with { Size = 0, Flags = 0, ReceiveMaximum = null, MaximumPacketSize = null }));
        Assert.Equal([0b1101, 0b0010], _tap.Packets.Where(packet => packet.PacketId != 0 && packet.Direction == Direction.ToBroker).Select(packet => packet.Flags));
        Assert.All(_tap.Packets, packet => Assert.InRange(packet.Size, 2, 100));
        Assert.Equal(version == MqttProtocolVersion.V500 ? 20 : null, _tap.Of(MqttControlPacketType.ConnAck, Direction.ToClient)[0].ReceiveMaximum);
        Assert.Contains("QoS 2 DUP plant/ü 'payload ü'", _tap.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropped_pubrec_never_arrives_and_the_next_one_does()
    {
        var rule = _tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        await client.SendAsync(RawClient.Publish("t", "m", 2, 1));
        Assert.Equal(1, (await rule.Hit.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).PacketId);
        await client.SendAsync(RawClient.Publish("t", "n", 2, 2));
        Assert.Equal(2, (await client.ReceiveAsync<MqttPubRecPacket>()).PacketIdentifier);
        Assert.Equal([false, true], _tap.Of(MqttControlPacketType.PubRec, Direction.ToClient).Select(packet => packet.Passed));
    }

    [Fact]
    public async Task A_withheld_puback_is_overtaken_and_comes_when_it_is_released()
    {
        var rule = _tap.On(packet => packet is { Type: MqttControlPacketType.PubAck, PacketId: 1 }, TapAction.Withhold);
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        await client.SendAsync(RawClient.Publish("t", "m", 1, 1));
        await client.SendAsync(RawClient.Publish("t", "n", 1, 2));
        Assert.Equal(2, (await client.ReceiveAsync<MqttPubAckPacket>()).PacketIdentifier);
        Assert.Equal(1, rule.Hits);
        Assert.Equal(0x10, (await rule.Hit).ReasonCode); // Nobody subscribes, says mosquitto.
        await rule.ReleaseAsync();
        Assert.Equal(1, (await client.ReceiveAsync<MqttPubAckPacket>()).PacketIdentifier);
    }

    [Fact]
    public async Task An_answered_publish_never_reaches_the_broker()
    {
        _tap.On(MqttControlPacketType.Publish, TapAction.Answer(packet => Forge.AnswerTo(packet, 0x97)));
        await using var counter = await DeliveryCounter.StartAsync(_broker.Port);
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        await client.SendAsync(RawClient.Publish("t", "refused", 1, 700));
        var ack = await client.ReceiveAsync<MqttPubAckPacket>();
        Assert.Equal((700, MqttPubAckReasonCode.QuotaExceeded), (ack.PacketIdentifier, ack.ReasonCode));
        await client.SendAsync(RawClient.Publish("t", "passes", 1, 701));
        await client.ReceiveAsync<MqttPubAckPacket>();
        await counter.HasDistinctAsync(1);
        Assert.Equal(["passes"], counter.Deliveries.Select(delivery => delivery.Payload));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_is_cut_right_before_or_right_after_a_packet(bool after)
    {
        await using var counter = await DeliveryCounter.StartAsync(_broker.Port);
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        _tap.On(packet => packet.Payload == "last", after ? TapAction.CutAfter : TapAction.CutBefore);
        await client.SendAsync(RawClient.Publish("t", "first", 1, 1));
        await client.ReceiveAsync<MqttPubAckPacket>();
        await client.SendAsync(RawClient.Publish("t", "last", 1, 2));
        await client.EndsAsync();
        await Eventually.Async(() => _broker.ReadLog().Contains("Client a ", StringComparison.Ordinal), "the broker notices");
        using var last = await RawClient.ConnectAsync(_broker.Port, "b");
        await last.SendAsync(RawClient.Publish("t", "marker", 1, 1));
        await Eventually.Async(() => counter.Deliveries.Any(delivery => delivery.Payload == "marker"), "the marker is delivered");
        Assert.Equal(after, counter.ByPayload().ContainsKey("last"));
    }

    [Fact]
    public async Task Large_packets_and_bytes_that_are_no_mqtt_pass_unchanged()
    {
        await using var counter = await DeliveryCounter.StartAsync(_broker.Port);
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        var large = string.Concat(Enumerable.Range(0, 60_000).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        await client.PublishExactlyOnceAsync("t", large, 1);
        await counter.HasDistinctAsync(1);
        Assert.Equal(large, Assert.Single(counter.Deliveries).Payload);
        Assert.Equal(large, Assert.Single(_tap.Of(MqttControlPacketType.Publish, Direction.ToBroker)).Payload);

        var reader = WireReader.Pair(1)[0];
        byte[] noise = [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2];
        Assert.Equal(noise, reader.Read(Direction.ToBroker, noise).SelectMany(frame => frame.Frame.ToArray()));
        Assert.Equal([9], reader.Read(Direction.ToBroker, new byte[] { 9 }).SelectMany(frame => frame.Frame.ToArray()));
    }
}
