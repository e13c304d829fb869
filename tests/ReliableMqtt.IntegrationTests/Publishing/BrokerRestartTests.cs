using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a restart of a broker that keeps its sessions loses nothing, and at QoS 2 duplicates nothing.
public sealed class BrokerRestartTests
{
    private const int OfEachQos = 500;

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_restart_in_the_middle_of_1000_messages_loses_none_and_duplicates_none_of_qos_2(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = 20 });
        var acks = 0;
        rig.Tap.On(packet => IsLastAck(packet) && packet.Connection == Rig.First && ++acks > OfEachQos, TapAction.Withhold, times: 2 * OfEachQos); // However late the restart is, half of them meet it.
        var restarting = RestartAfterAsync(rig, publisher, packetsConfirmed: 200);
        var exactly = publisher.PublishAll("two-", OfEachQos);
        var atLeast = publisher.PublishAll("one-", OfEachQos, qos: 1);
        Assert.InRange(await restarting, OfEachQos, 2 * OfEachQos - 200);
        await exactly;
        await atLeast;

        var counts = (await rig.DeliveriesAsync()).CountBy(delivery => delivery.Payload).ToDictionary();
        Assert.Equal(0, rig.Counter.LostSessions);
        Assert.Equal(2 * OfEachQos, counts.Count);
        Assert.All(counts, pair => Assert.InRange(pair.Value, 1, pair.Key.StartsWith("two-", StringComparison.Ordinal) ? 1 : 2));
        await publisher.StatusIsAsync(status => status is { Pending: 0, Confirmed: 2 * OfEachQos, Reconnects: >= 1 });
        var connAcks = rig.Tap.Of(MqttControlPacketType.ConnAck, Direction.ToClient).Where(packet => packet.Connection > Rig.First && packet.ReasonCode == 0);
        Assert.All(connAcks, packet => Assert.True(packet.SessionPresent));
    }

    /// <returns>How many messages were unfinished when the broker went down.</returns>
    private static async Task<long> RestartAfterAsync(Rig rig, ReliablePublisher publisher, int packetsConfirmed)
    {
        await Eventually.Async(() => publisher.Status.Confirmed >= packetsConfirmed, "the first messages are confirmed");
        var unfinished = 2 * OfEachQos - publisher.Status.Confirmed;
        await rig.Broker.RestartAsync();
        return unfinished;
    }

    private static bool IsLastAck(WirePacket packet) =>
        packet.Direction == Direction.ToClient && packet.Type is MqttControlPacketType.PubAck or MqttControlPacketType.PubComp;
}
