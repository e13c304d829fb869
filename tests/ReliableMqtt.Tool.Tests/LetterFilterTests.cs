using ReliableMqtt.Ledger;
using ReliableMqtt.Tool.Letters;

namespace ReliableMqtt.Tool.Tests;

/// <summary>All that is given has to hold.</summary>
public class LetterFilterTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly DeadLetter Letter = new(new ToolRig().Message("id", "plant/7/alarm"), new DeadLetterReason(DeadLetterCause.Rejected, 0x87, "no"), Now.AddHours(-2));

    [Theory]
    [InlineData("plant/7/alarm", true)]
    [InlineData("plant/+/alarm", true)]
    [InlineData("plant/#", true)]
    [InlineData("plant/7/alarm/#", true)]
    [InlineData("#", true)]
    [InlineData("+/+/+", true)]
    [InlineData("plant/7", false)]
    [InlineData("plant/+", false)]
    [InlineData("Plant/#", false)]
    public void Topics_match_as_in_a_subscription(string filter, bool matches) => Assert.Equal(matches, new LetterFilter { Topic = TopicFilter.Parse(filter) }.Matches(Letter, Now));

    [Fact]
    public void A_wildcard_at_the_beginning_takes_no_topic_of_the_broker_s_own()
    {
        var system = Letter with { Record = Letter.Record with { Topic = "$SYS/x" } };
        Assert.False(new LetterFilter { Topic = TopicFilter.Parse("#") }.Matches(system, Now));
        Assert.True(new LetterFilter { Topic = TopicFilter.Parse("$SYS/#") }.Matches(system, Now));
        Assert.True(new LetterFilter { All = true }.Matches(system, Now));
    }

    [Fact]
    public void Cause_code_and_age_narrow_it_down()
    {
        Assert.True(new LetterFilter { Cause = DeadLetterCause.Rejected, ReasonCode = 0x87, OlderThan = TimeSpan.FromHours(1) }.Matches(Letter, Now));
        Assert.False(new LetterFilter { Cause = DeadLetterCause.Poison }.Matches(Letter, Now));
        Assert.False(new LetterFilter { ReasonCode = 0x97 }.Matches(Letter, Now));
        Assert.False(new LetterFilter { ReasonCode = 0 }.Matches(Letter with { Reason = new DeadLetterReason(DeadLetterCause.SessionLost) }, Now));
        Assert.False(new LetterFilter { OlderThan = TimeSpan.FromHours(2) }.Matches(Letter, Now));
        Assert.False(new LetterFilter { Cause = DeadLetterCause.Rejected, Topic = TopicFilter.Parse("other") }.Matches(Letter, Now));
    }
}
