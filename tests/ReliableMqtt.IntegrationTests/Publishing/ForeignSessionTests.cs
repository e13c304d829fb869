using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a session which this publisher did not begin is ended before anything is sent, and never gone on with.
public sealed class ForeignSessionTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttProtocolVersion.V500)]
    [InlineData(BrokerKind.Mosquitto, MqttProtocolVersion.V311)]
    [InlineData(BrokerKind.Embedded, MqttProtocolVersion.V500)]
    [Conformance(18, 19)]
    public async Task Handshakes_of_somebody_else_swallow_no_message(BrokerKind kind, MqttProtocolVersion version)
    {
        await using var rig = await Rig.StartAsync(kind);
        using (var somebody = await RawClient.ConnectAsync(rig.Broker.Port, Rig.PublisherId))
        {
            // The broker now waits for the PUBREL of each packet id that a new publisher would begin with.
            for (ushort id = 1; id <= 10; id++)
            {
                await somebody.SendAsync(RawClient.Publish("foreign", $"foreign {id}", 2, id));
                await somebody.ReceiveAsync<MQTTnet.Packets.MqttPubRecPacket>();
            }
        }

        var publisher = await rig.ConnectPublisherAsync(mqtt: client => client.WithProtocolVersion(version));
        await publisher.PublishAll("m", 10);

        var connects = rig.Tap.Of(MqttControlPacketType.Connect, Direction.ToBroker);
        Assert.Equal([true, false], connects.Select(packet => packet.CleanStart));
        Assert.Equal([false, false], rig.Tap.Of(MqttControlPacketType.ConnAck, Direction.ToClient).Select(packet => packet.SessionPresent));
        Assert.All(rig.Publishes, packet => Assert.Equal((Rig.First, false), (packet.Connection, packet.Dup)));
        Assert.Equal(
            Enumerable.Range(0, 10).Select(i => $"m{i}"),
            (await rig.DeliveriesAsync()).Where(delivery => delivery.Topic != "foreign").Select(delivery => delivery.Payload));
    }

    [Fact]
    [Conformance(19)]
    public async Task After_a_clean_start_nothing_of_the_old_session_is_gone_on_with()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var lost = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        var pending = await publisher.Enqueue("m");
        await lost.HitAsync();

        // Another ledger is another publisher: it knows nothing of the one before.
        await rig.CrashAsync(publisher);
        var next = await rig.ConnectPublisherAsync(options => options with { Ledger = new InMemoryAckLedger() });
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish("n")).Outcome);
        Assert.Equal([true, false, true, false], rig.Tap.Of(MqttControlPacketType.Connect, Direction.ToBroker).Select(packet => packet.CleanStart));
        Assert.Equal(["m", "n"], rig.Publishes.Select(packet => packet.Payload));
        Assert.DoesNotContain(rig.Publishes, packet => packet.Dup);
        Assert.Equal("n", (await rig.DeliveriesAsync())[^1].Payload);
        Assert.Equal(PublishOutcome.Unknown, (await next.Receipt(pending.MessageId)).Outcome);
    }
}
