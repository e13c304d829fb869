using MQTTnet.Protocol;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Tests.Torture;

public class ConfirmCheckTests
{
    [Fact]
    public void A_confirm_after_its_puback_is_true() => AssertFalse([], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(1, 1, MqttControlPacketType.PubAck, 7)], at: 2);

    [Fact]
    public void A_confirm_before_its_puback_is_false() => AssertFalse([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(3, 1, MqttControlPacketType.PubAck, 7)], at: 2);

    [Fact]
    public void A_confirm_without_an_answer_is_false() => AssertFalse([11], [WireOf.Publish(0, 1, 7, 11)], at: 2);

    [Fact]
    public void A_pubrec_confirms_nothing() => AssertFalse([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(1, 1, MqttControlPacketType.PubRec, 7)], at: 2);

    [Fact]
    public void An_answer_that_was_kept_back_confirms_nothing() =>
        AssertFalse([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(1, 1, MqttControlPacketType.PubComp, 7, passed: false)], at: 2);

    [Fact]
    public void A_refusal_confirms_nothing() => AssertFalse([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(1, 1, MqttControlPacketType.PubAck, 7, code: 0x87)], at: 2);

    [Fact]
    public void The_answer_to_another_message_confirms_nothing() =>
        AssertFalse([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Publish(0.5, 1, 7, 12), WireOf.Ack(1, 1, MqttControlPacketType.PubAck, 7)], at: 2);

    [Fact]
    public void A_handshake_that_another_connection_ends_is_confirmed_there() =>
        AssertFalse([], [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(1, 2, MqttControlPacketType.PubComp, 7)], at: 2);

    private static void AssertFalse(long[] expected, TimedPacket[] wire, double at) =>
        Assert.Equal(expected, ConfirmCheck.Find(Handshakes.Read(wire), [new(11, WireOf.Ticks(at))]));
}
