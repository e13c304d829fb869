using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

public sealed class WireAuditTests
{
    [Theory]
    [InlineData(true, 1, false, "resent on a living connection")]
    [InlineData(false, 2, false, "packet id that is in use")]
    [InlineData(true, 2, true, "follows its own PUBREL")]
    public void It_finds_a_publish_that_should_not_have_been_sent(bool dup, int connection, bool released, string problem)
    {
        List<WirePacket> wire = [Connect(1), Publish(1, 7, "a")];
        if (released) wire.Add(new(1, Direction.ToBroker, MqttControlPacketType.PubRel) { PacketId = 7 });
        if (connection == 2) wire.Add(Connect(2));
        wire.Add(Publish(connection, 7, "a") with { Dup = dup });
        Assert.Contains(problem, Assert.Single(WireAudit.Find(wire, 20)), StringComparison.Ordinal);
    }

    [Fact]
    public void It_finds_a_packet_id_that_has_changed_its_message_and_a_window_that_was_passed()
    {
        WirePacket[] wire = [Connect(1), Publish(1, 7, "a"), Publish(1, 8, "b"), Connect(2), Publish(2, 7, "c") with { Dup = true }];
        Assert.Equal(2, WireAudit.Find(wire, 1).Count);
    }

    [Fact]
    public void It_agrees_with_a_resumed_and_finished_handshake()
    {
        WirePacket[] wire =
        [
            Connect(1), Publish(1, 7, "a"), Connect(2), Publish(2, 7, "a") with { Dup = true },
            new(2, Direction.ToClient, MqttControlPacketType.PubComp) { PacketId = 7 }, Publish(2, 7, "b"),
        ];
        Assert.Empty(WireAudit.Find(wire, 1));
    }

    private static WirePacket Connect(int connection) => new(connection, Direction.ToBroker, MqttControlPacketType.Connect);

    private static WirePacket Publish(int connection, ushort packetId, string payload) =>
        new(connection, Direction.ToBroker, MqttControlPacketType.Publish) { PacketId = packetId, Qos = 2, Payload = payload };
}
