using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Tests.Torture;

public class OrderCheckTests
{
    [Fact]
    public void Rising_numbers_are_in_order_on_each_topic_by_itself() => Assert.Empty(OrderCheck.Find([new(1, "a"), new(9, "b"), new(3, "a"), new(11, "b")]));

    [Fact]
    public void A_number_after_a_higher_one_is_late() => Assert.Equal([3], OrderCheck.Find([new(1, "a"), new(5, "a"), new(3, "a"), new(7, "a")]));

    [Fact]
    public void A_message_that_comes_again_is_late_for_nothing() => Assert.Empty(OrderCheck.Find([new(1, "a"), new(3, "a"), new(1, "a"), new(5, "a")]));
}
