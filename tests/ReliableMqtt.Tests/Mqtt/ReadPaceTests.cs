using ReliableMqtt.Mqtt;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Proves that a wait before a read is as long as it helps, and no longer.</summary>
public sealed class ReadPaceTests
{
    private readonly ReadPace _pace = new();

    // A broker that makes an ack in so many microseconds, and a window that is full again after each read.
    private int Read(int window, double microsecondsAnAck)
    {
        var taken = Math.Min(window, 1 + (int)(_pace.Microseconds / microsecondsAnAck));
        _pace.Learn(taken, window);
        return taken;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(31)]
    public void Few_acks_on_their_way_are_not_waited_for(int expected)
    {
        for (var i = 0; i < 100; i++) _pace.Learn(taken: 1, expected);
        Assert.Equal(0, _pace.Microseconds);
    }

    [Theory]
    [InlineData(64, 10)]
    [InlineData(256, 5)]
    [InlineData(256, 12)]
    [InlineData(1024, 2)]
    public void A_read_comes_to_bring_between_a_quarter_and_a_half_of_what_is_expected(int window, double microsecondsAnAck)
    {
        for (var i = 0; i < 50; i++) Read(window, microsecondsAnAck);
        for (var i = 0; i < 50; i++) Assert.InRange(Read(window, microsecondsAnAck), window / 4 * 0.75, window / 2 * 1.25);
    }

    [Theory]
    [InlineData(70, 220)]
    [InlineData(1_000, 65)]
    [InlineData(50_000, 65)]
    public void A_slow_broker_is_hardly_waited_for(double microsecondsAnAck, double atMost)
    {
        for (var i = 0; i < 200; i++)
        {
            Read(256, microsecondsAnAck);
            Assert.InRange(_pace.Microseconds, 0, atMost);
        }
    }

    [Fact]
    public void No_wait_is_longer_than_the_longest()
    {
        for (var i = 0; i < 200; i++)
        {
            Read(60_000, 1);
            Assert.InRange(_pace.Microseconds, 0, ReadPace.Longest);
        }

        Assert.Equal(ReadPace.Longest, _pace.Microseconds);
    }

    [Fact]
    public void The_wait_ends_with_the_flood()
    {
        for (var i = 0; i < 50; i++) Read(256, 10);
        Assert.True(_pace.Microseconds > 0);
        _pace.Learn(taken: 60, expected: 3);
        Assert.Equal(0, _pace.Microseconds);
    }
}
