using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Proves the bounds of the waits, and that they are spread over all of the range.</summary>
public class BackoffTests
{
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0, 500)]
    [InlineData(1, 1_000)]
    [InlineData(2, 2_000)]
    [InlineData(5, 16_000)]
    [InlineData(6, 30_000)]
    [InlineData(62, 30_000)]
    [InlineData(63, 30_000)]
    [InlineData(64, 30_000)]
    [InlineData(int.MaxValue, 30_000)]
    public void The_bound_doubles_from_min_to_max(int attempt, int boundMilliseconds)
    {
        var bound = TimeSpan.FromMilliseconds(boundMilliseconds);
        Assert.Equal(bound, Backoff.Draw(attempt, Min, Max, new Highest()));
        Assert.Equal(TimeSpan.Zero, Backoff.Draw(attempt, Min, Max, new Lowest()));
    }

    [Theory]
    [InlineData(1, 5, 2, 4)]
    [InlineData(1, 5, 3, 5)]
    [InlineData(1, long.MaxValue, 62, 1L << 62)]
    [InlineData(1, long.MaxValue, 63, long.MaxValue - 1)]
    public void The_last_doubling_below_max_is_a_bound_of_its_own(long minTicks, long maxTicks, int attempt, long boundTicks) =>
        Assert.Equal(boundTicks, Backoff.Draw(attempt, TimeSpan.FromTicks(minTicks), TimeSpan.FromTicks(maxTicks), new Highest()).Ticks);

    [Fact]
    public void Waits_are_spread_evenly_over_the_range()
    {
        const int Seed = 4711, Draws = 40_000;
        var random = new Random(Seed);
        var perQuarter = new int[4];
        for (var i = 0; i < Draws; i++)
        {
            var wait = Backoff.Draw(3, Min, Max, random);
            Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(4));
            perQuarter[Math.Min(3, (int)(wait.TotalSeconds))]++;
        }

        Assert.All(perQuarter, hits => Assert.InRange(hits, Draws / 4 * 0.95, Draws / 4 * 1.05));
    }

    [Fact]
    public void Next_grows_and_Reset_starts_over()
    {
        var backoff = new Backoff(Min, Max, new Highest());
        double[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => backoff.Next().TotalSeconds)];

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30], Take(8));
        backoff.Reset();
        Assert.Equal([0.5, 1], Take(2));
    }

    [Fact]
    public void A_range_of_one_value_and_the_longest_range_work()
    {
        Assert.Equal(Min, Backoff.Draw(9, Min, Min, new Highest()));
        Assert.InRange(Backoff.Draw(200, Min, TimeSpan.MaxValue, new Random(1)), TimeSpan.Zero, TimeSpan.MaxValue);
        Assert.InRange(Backoff.Draw(0, TimeSpan.MaxValue, TimeSpan.MaxValue, new Random(1)), TimeSpan.Zero, TimeSpan.MaxValue);
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        var random = new Random(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => Backoff.Draw(-1, Min, Max, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => Backoff.Draw(0, TimeSpan.Zero, Max, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => Backoff.Draw(0, Max, Min, random));
    }

    private sealed class Highest : Random
    {
        public override long NextInt64(long maxValue) => maxValue - 1;
    }

    private sealed class Lowest : Random
    {
        public override long NextInt64(long maxValue) => 0;
    }
}
