using MQTTnet.Protocol;
using ReliableMqtt.Torture.Checks;
using ReliableMqtt.Torture.Wire;

namespace ReliableMqtt.Tests.Torture;

public class ResendCheckTests
{
    private static readonly TimedPacket[] Resent = [WireOf.Publish(0, 1, 7, 11), WireOf.Publish(10, 2, 7, 11, dup: true)];

    [Fact]
    public void A_message_that_a_fault_met_in_flight_may_arrive_once_more() => AssertUnexplained([], Resent, Fault(4, 5));

    [Fact]
    public void It_may_not_arrive_a_third_time() => AssertUnexplained([11], Resent, Fault(4, 5), extra: 2);

    [Fact]
    public void Without_a_fault_between_the_two_nothing_explains_it()
    {
        AssertUnexplained([11], Resent, Fault(-2, -1));
        AssertUnexplained([11], Resent, Fault(11, 12));
        AssertUnexplained([11], Resent, null);
    }

    [Fact]
    public void A_fault_of_another_publisher_explains_nothing() => AssertUnexplained([11], Resent, Fault(4, 5, "other"));

    [Fact]
    public void A_fault_of_a_server_explains_it() => AssertUnexplained([], Resent, Fault(4, 5, null));

    [Fact]
    public void A_duplicate_that_was_sent_once_is_nobodys_fault_but_the_brokers() => AssertUnexplained([11], Resent[..1], Fault(4, 5));

    [Fact]
    public void A_resend_on_the_same_connection_is_not_explained() =>
        AssertUnexplained([11], [WireOf.Publish(0, 1, 7, 11), WireOf.Publish(10, 1, 7, 11, dup: true)], Fault(4, 5));

    [Fact]
    public void What_was_acknowledged_long_before_the_fault_was_not_in_flight()
    {
        TimedPacket[] settled = [WireOf.Publish(0, 1, 7, 11), WireOf.Ack(0.5, 1, MqttControlPacketType.PubAck, 7), WireOf.Publish(10, 2, 7, 11, dup: true)];
        AssertUnexplained([11], settled, Fault(4, 5));
        AssertUnexplained([], settled, Fault(1, 5));
    }

    [Fact]
    public void A_connection_that_has_lived_through_a_fault_may_break_a_while_after_it_and_not_later()
    {
        TimedPacket[] late = [WireOf.Publish(0, 1, 6, 9), WireOf.Publish(3, 1, 7, 11), WireOf.Publish(10, 2, 7, 11, dup: true)];
        AssertUnexplained([], late, Fault(0.5, 1));
        AssertUnexplained([11], late, Fault(-2, -1));
        AssertUnexplained([11], [late[0], WireOf.Publish(9, 1, 7, 11), late[2]], Fault(0.5, 1));
    }

    private static Fault Fault(double start, double end, string? scope = "me") => new("cut", scope) { Start = WireOf.Ticks(start), End = WireOf.Ticks(end) };

    private static void AssertUnexplained(long[] expected, TimedPacket[] wire, Fault? fault, int extra = 1) =>
        Assert.Equal(expected, ResendCheck.Find(Handshakes.Read(wire), "me", fault is null ? [] : [fault], [new(11, extra)]));
}
