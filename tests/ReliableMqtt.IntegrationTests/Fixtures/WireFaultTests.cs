using System.Diagnostics;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>What the proxy can do to single packets and to the speed of the link.</summary>
public sealed class WireFaultTests : IAsyncLifetime
{
    private readonly WireTap _tap = new();
    private MosquittoBroker _broker = null!;
    private CuttingProxy _proxy = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

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

    [Fact]
    public async Task A_throttled_link_takes_its_time_and_loses_nothing()
    {
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        _proxy.BytesPerSecond = 20_000;
        var began = Stopwatch.GetTimestamp();
        await client.PublishExactlyOnceAsync("t", new string('x', 10_000), 1);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0.49, 10);
        Assert.Equal(10_000, Assert.Single(_tap.Of(MqttControlPacketType.Publish, Direction.ToBroker)).Payload!.Length);

        _proxy.BytesPerSecond = null;
        began = Stopwatch.GetTimestamp();
        await client.PublishExactlyOnceAsync("t", new string('x', 10_000), 2);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 0.49);
    }

    [Fact]
    public async Task A_delayed_packet_comes_later_and_holds_up_those_behind_it()
    {
        var delay = TimeSpan.FromMilliseconds(400);
        _tap.On(packet => packet is { Type: MqttControlPacketType.PubAck, PacketId: 1 }, TapAction.Delay(delay));
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        var began = Stopwatch.GetTimestamp();
        await client.SendAsync(RawClient.Publish("t", "m", 1, 1));
        await client.SendAsync(RawClient.Publish("t", "n", 1, 2));
        Assert.Equal(1, (await client.ReceiveAsync<MqttPubAckPacket>()).PacketIdentifier);
        Assert.InRange(Stopwatch.GetElapsedTime(began), delay * 0.9, TimeSpan.FromSeconds(20));
        Assert.Equal(2, (await client.ReceiveAsync<MqttPubAckPacket>()).PacketIdentifier);
        Assert.All(_tap.Of(MqttControlPacketType.PubAck, Direction.ToClient), packet => Assert.True(packet.Passed));
    }

    [Fact]
    public async Task A_connection_is_cut_in_the_middle_of_a_packet()
    {
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        await client.SendAsync(RawClient.Publish("t", "first", 1, 1));
        await client.ReceiveAsync<MqttPubAckPacket>();
        var forwarded = _proxy.Forwarded(Direction.ToBroker);
        var cut = _tap.On(packet => packet.Payload == "second", TapAction.CutWithin(5));
        await client.SendAsync(RawClient.Publish("t", "second", 1, 2));
        await client.EndsAsync();
        Assert.Equal(forwarded + 5, _proxy.Forwarded(Direction.ToBroker));
        Assert.False(Assert.Single(_tap.Packets, packet => packet.Payload == "second").Passed);
        Assert.Equal(1, cut.Hits);

        // Never the whole of it, however many bytes are asked for.
        using var again = await RawClient.ConnectAsync(_proxy.Port, "a");
        _tap.On(packet => packet.Payload == "third", TapAction.CutWithin(1_000));
        forwarded = _proxy.Forwarded(Direction.ToBroker);
        await again.SendAsync(RawClient.Publish("t", "third", 1, 3));
        await again.EndsAsync();
        Assert.Equal(forwarded + _tap.Packets[^1].Size - 1, _proxy.Forwarded(Direction.ToBroker));
    }

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 0x00)]
    [InlineData(MqttControlPacketType.PubAck, 0x87)]
    [InlineData(MqttControlPacketType.PubRec, 0x97)]
    [InlineData(MqttControlPacketType.PubComp, 0x92)]
    public async Task An_ack_that_nobody_sent_reaches_the_client_and_is_marked(MqttControlPacketType type, byte code)
    {
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a");
        await _proxy.ForgeAsync(Direction.ToClient, Forge.Ack(type, 4711, code));
        var (id, reason) = type switch
        {
            MqttControlPacketType.PubAck => await client.ReceiveAsync<MqttPubAckPacket>() is var ack ? (ack.PacketIdentifier, (int)ack.ReasonCode) : default,
            MqttControlPacketType.PubRec => await client.ReceiveAsync<MqttPubRecPacket>() is var rec ? (rec.PacketIdentifier, (int)rec.ReasonCode) : default,
            _ => await client.ReceiveAsync<MqttPubCompPacket>() is var comp ? (comp.PacketIdentifier, (int)comp.ReasonCode) : default,
        };
        Assert.Equal((4711, (int)code), (id, reason));
        var seen = _tap.Packets[^1];
        Assert.Equal((true, true, type, 4711, code), (seen.Forged, seen.Passed, seen.Type, seen.PacketId, seen.ReasonCode));
    }

    [Fact]
    public async Task A_forged_packet_stands_between_others_also_on_a_slow_link()
    {
        using var client = await RawClient.ConnectAsync(_proxy.Port, "a", clean: true);
        await client.SendAsync(new MqttSubscribePacket { PacketIdentifier = 1, TopicFilters = [new MQTTnet.Packets.MqttTopicFilter { Topic = "#" }] });
        await client.ReceiveAsync<MqttSubAckPacket>();
        _proxy.BytesPerSecond = 20_000;
        await client.SendAsync(RawClient.Publish("t", new string('x', 5_000), 0, 0));
        await _tap.SeesAsync(packet => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToClient }, "the message on its way back");
        await _proxy.ForgeAsync(Direction.ToClient, Forge.Ack(MqttControlPacketType.PubAck, 4711)).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(5_000, (await client.ReceiveAsync<MqttPublishPacket>()).Payload.Length);
        Assert.Equal(4711, (await client.ReceiveAsync<MqttPubAckPacket>()).PacketIdentifier);
    }

    [Fact]
    public async Task A_released_packet_is_seen_a_second_time_and_one_of_a_dead_connection_is_not()
    {
        var rule = _tap.On(MqttControlPacketType.PubAck, TapAction.Withhold);
        using (var client = await RawClient.ConnectAsync(_proxy.Port, "a"))
        {
            await client.SendAsync(RawClient.Publish("t", "m", 1, 1));
            await rule.Hit.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            await rule.ReleaseAsync();
            await client.ReceiveAsync<MqttPubAckPacket>();
        }

        Assert.Equal([false, true], _tap.Of(MqttControlPacketType.PubAck, Direction.ToClient).Select(packet => packet.Passed));
        var late = _tap.On(MqttControlPacketType.PubAck, TapAction.Withhold);
        using (var client = await RawClient.ConnectAsync(_proxy.Port, "b"))
        {
            await client.SendAsync(RawClient.Publish("t", "m", 1, 1));
            await late.Hit.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            _proxy.Cut();
            await client.EndsAsync();
        }

        await late.ReleaseAsync();
        Assert.Equal([false, true, false], _tap.Of(MqttControlPacketType.PubAck, Direction.ToClient).Select(packet => packet.Passed));
    }
}
