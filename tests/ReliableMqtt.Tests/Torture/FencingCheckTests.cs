using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Tests.Torture;

public class FencingCheckTests
{
    [Fact]
    public void A_takeover_in_order_is_no_fault() => Assert.Empty(FencingCheck.Find(
        [Connect(1), ConnAck(1), Publish(1, 1), Connect(2), Publish(1, 2), ConnAck(2), Publish(2, 1), Publish(2, 2), PubRel(2, 1)]));

    [Fact]
    public void A_publish_after_the_winners_connack_is_found() =>
        Assert.Equal([3], Find([Connect(1), ConnAck(1), Connect(2), ConnAck(2), Publish(2, 1), Publish(1, 3)]));

    [Fact]
    public void A_pubrel_after_the_winners_connack_is_found() =>
        Assert.Equal([3], Find([Connect(1), ConnAck(1), Connect(2), ConnAck(2), PubRel(1, 3)]));

    [Fact]
    public void So_is_one_of_an_owner_before_the_last() =>
        Assert.Equal([3], Find([Connect(1), ConnAck(1), Connect(2), ConnAck(2), Connect(3), ConnAck(3), Publish(1, 3), Publish(3, 4)]));

    [Fact]
    public void What_the_proxy_has_stopped_has_not_reached_the_broker() =>
        Assert.Empty(Find([Connect(1), ConnAck(1), Connect(2), ConnAck(2), Publish(1, 3) with { Passed = false }]));

    [Fact]
    public void A_refused_connection_wins_nothing() =>
        Assert.Empty(Find([Connect(1), ConnAck(1), Connect(2), ConnAck(2) with { ReasonCode = 0x88 }, Publish(1, 3)]));

    [Fact]
    public void Another_client_id_is_another_matter() =>
        Assert.Empty(Find([Connect(1), ConnAck(1), Connect(2) with { ClientId = "other" }, ConnAck(2), Publish(1, 3)]));

    private static IEnumerable<int> Find(IEnumerable<WirePacket> packets) => FencingCheck.Find(packets).Select(packet => (int)packet.PacketId);

    private static WirePacket Connect(int connection) => new(connection, Direction.ToBroker, MqttControlPacketType.Connect) { ClientId = "publisher" };

    private static WirePacket ConnAck(int connection) => new(connection, Direction.ToClient, MqttControlPacketType.ConnAck) { SessionPresent = true };

    private static WirePacket Publish(int connection, ushort packetId) =>
        new(connection, Direction.ToBroker, MqttControlPacketType.Publish) { PacketId = packetId, Qos = 2, Topic = "t", Payload = "" };

    private static WirePacket PubRel(int connection, ushort packetId) => new(connection, Direction.ToBroker, MqttControlPacketType.PubRel) { PacketId = packetId };
}
