using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>The state of an entry in flight comes back whole, or is refused.</summary>
public class StateTextTests
{
    private static readonly DateTimeOffset Due = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

    public static TheoryData<InflightState> States =>
    [
        new InflightState(InflightStage.Sent, new SendOrder(17)),
        new InflightState(InflightStage.Sent, new SendOrder(17, 3), 0, 2),
        new InflightState(InflightStage.Released, new SendOrder(17), 5),
        new InflightState(InflightStage.Parked, new SendOrder((1L << 53) - 1, long.MaxValue), long.MaxValue, int.MaxValue, Due),
    ];

    [Theory]
    [MemberData(nameof(States))]
    public void What_was_written_comes_back(InflightState state) => Assert.Equal(state, StateText.Parse(StateText.Format(state), 1));

    [Fact]
    public void It_reads_as_documented()
    {
        Assert.Equal("R 17 0 5 0 -", StateText.Format(new InflightState(InflightStage.Released, new SendOrder(17), 5)));
        Assert.Equal("P 17 2 0 1 1900000000123", StateText.Format(new InflightState(InflightStage.Parked, new SendOrder(17, 2), 0, 1, Due)));
    }

    [Fact]
    public void Without_one_the_entry_is_sent_in_the_order_of_its_sequence() => Assert.Equal(new InflightState(InflightStage.Sent, new SendOrder(17)), StateText.Parse(null, 17));

    [Fact]
    public void A_dash_stands_for_the_sequence_of_the_record() => Assert.Equal(new SendOrder(17, 4), StateText.Parse("R - 4 9 0 -", 17).Order);

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("Q 17 0 0 0 -")]
    [InlineData("s 17 0 0 0 -")]
    [InlineData("S 17 0 0 0 - -")]
    [InlineData("S 17 0 0 - -")]
    [InlineData("S 17 0 0 x -")]
    [InlineData("S 0x11 0 0 0 -")]
    [InlineData("S 1,7 0 0 0 -")]
    [InlineData("S 17  0 0 -")]
    public void Nonsense_is_refused(string text) => Assert.Throws<FormatException>(() => StateText.Parse(text, 1));

    [Theory]
    [InlineData("S 99999999999999999999 0 0 0 -")]
    [InlineData("S 1 0 0 4294967296 -")]
    [InlineData("P 1 0 0 0 9223372036854775807")]
    public void Numbers_that_fit_nowhere_are_refused(string text)
    {
        var error = Assert.ThrowsAny<Exception>(() => StateText.Parse(text, 1));
        Assert.True(error is FormatException or OverflowException or ArgumentException, error.ToString());
    }
}
