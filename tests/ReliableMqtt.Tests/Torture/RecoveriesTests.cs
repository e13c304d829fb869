using ReliableMqtt.Torture.Checks;

namespace ReliableMqtt.Tests.Torture;

public class RecoveriesTests
{
    [Fact]
    public void A_recovery_is_the_time_from_the_end_of_a_fault_to_the_next_confirm() => AssertSeconds([2], [Fault(1, 4)], [0.5, 6, 7]);

    [Fact]
    public void A_fault_that_another_follows_before_a_confirm_is_not_counted() => AssertSeconds([1], [Fault(1, 4), Fault(4.5, 5)], [0.5, 6]);

    [Fact]
    public void A_fault_of_another_publisher_is_not_counted() => AssertSeconds([], [Fault(1, 4, "other")], [6]);

    [Fact]
    public void A_fault_after_which_nothing_was_left_is_not_counted() => AssertSeconds([], [Fault(1, 4)], [2]);

    [Fact]
    public void Percentiles_are_of_the_sorted_times()
    {
        double[] times = [.. Enumerable.Range(1, 200).Select(time => (double)time)];
        Assert.Equal((100, 198, 200), (Recoveries.Percentile(times, 50), Recoveries.Percentile(times, 99), Recoveries.Percentile(times, 100)));
        Assert.Equal(0, Recoveries.Percentile([], 99));
    }

    private static Fault Fault(double start, double end, string? scope = "me") => new("cut", scope) { Start = WireOf.Ticks(start), End = WireOf.Ticks(end) };

    private static void AssertSeconds(double[] expected, Fault[] faults, double[] confirms) =>
        Assert.Equal(expected, Recoveries.Of("me", faults, confirms.Select(WireOf.Ticks)).Select(seconds => Math.Round(seconds, 3)));
}
