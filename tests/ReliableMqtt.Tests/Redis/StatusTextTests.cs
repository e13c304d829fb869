using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>What the index says of an id is text for people, and comes back whole.</summary>
public class StatusTextTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

    [Fact]
    public void It_reads_as_documented()
    {
        Assert.Equal("C 17 0 1900000000123", StatusText.Confirmed(17, 0, At));
        Assert.Equal("D 17 135 1900000000123", StatusText.Dead(17, 0x87, At));
        Assert.Equal("D 17 - 1900000000123", StatusText.Dead(17, null, At));
        Assert.Equal("E 9007199254740991 - 1900000000123", StatusText.Expired((1L << 53) - 1, At));
    }

    [Fact]
    public void What_was_written_comes_back()
    {
        Assert.Equal(new StatusAnswer("a", LedgerStatus.Confirmed, 17, 0x10, At), StatusText.Parse("a", StatusText.Confirmed(17, 0x10, At)));
        Assert.Equal(new StatusAnswer("a", LedgerStatus.DeadLettered, 17, 0x87, At), StatusText.Parse("a", StatusText.Dead(17, 0x87, At)));
        Assert.Equal(new StatusAnswer("a", LedgerStatus.DeadLettered, 17, null, At), StatusText.Parse("a", StatusText.Dead(17, null, At)));
        Assert.Equal(new StatusAnswer("a", LedgerStatus.Expired, 17, null, At), StatusText.Parse("a", StatusText.Expired(17, At)));
    }

    [Theory]
    [InlineData("P 17", LedgerStatus.Pending, 17L)]
    [InlineData("C 17", LedgerStatus.Confirmed, 17L)]
    [InlineData("X 17 135 1900000000123", LedgerStatus.Purged, 17L)]
    [InlineData("X 0 - -", LedgerStatus.Purged, 0L)]
    [InlineData("D 0 - -", LedgerStatus.DeadLettered, 0L)]
    [InlineData("?", LedgerStatus.Unknown, 0L)]
    [InlineData("", LedgerStatus.Unknown, 0L)]
    [InlineData("N 5", LedgerStatus.Unknown, 5L)]
    public void What_the_scripts_write_is_read_too(string text, LedgerStatus status, long sequence)
    {
        var answer = StatusText.Parse("a", text);
        Assert.Equal(("a", status, sequence), (answer.MessageId.Value, answer.Status, answer.Sequence));
    }
}
