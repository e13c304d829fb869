using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>Two parts of a ledger in one order, cut into pages, whatever stands in the place of a sequence.</summary>
public class PendingOrderTests
{
    [Theory]
    // Everything fits: no page follows, and what has no sequence (0) stands before the next one of the backlog, or at the beginning in flight.
    [InlineData("1 2 3", "4 5", 0, 10, "f1 f2 f3 w4 w5", null)]
    [InlineData("0 1", "0 4 0 0 6 0", 0, 10, "f0 f1 w0 w4 w0 w0 w6 w0", null)]
    [InlineData("", "", 0, 1, "", null)]
    [InlineData("", "0 0 0", 0, 1, "w0 w0 w0", null)]
    // A page ends with one that has a sequence.
    [InlineData("1 2 3", "4 5", 0, 4, "f1 f2 f3 w4", 4L)]
    [InlineData("1 2 3", "4 5", 0, 1, "f1", 1L)]
    [InlineData("0 0 1", "4", 0, 1, "f0 f0 f1", 1L)]
    [InlineData("", "4 0 0 6", 0, 2, "w4", 4L)]
    [InlineData("", "0 0 6 7", 4, 2, "w0 w0 w6", 6L)]
    [InlineData("", "6 0 0", 4, 2, "w6", 6L)]
    // One that is above its follower, or not above its predecessor, is not believed.
    [InlineData("", "4 900 6 7", 0, 10, "w4 w900 w6 w7", null)]
    [InlineData("", "4 900 6 7", 0, 2, "w4", 4L)]
    [InlineData("", "4 5 2 7", 0, 3, "w4 w5", 5L)]
    [InlineData("", "900 6 7", 4, 1, "w900 w6", 6L)]
    // A damaged sequence in flight may be anywhere.
    [InlineData("2 9", "4 5 12", 0, 10, "f2 w4 w5 f9 w12", null)]
    public void A_page_of_all_there_is(string inFlight, string waiting, int after, int count, string shown, long? next)
    {
        var order = new PendingOrder(after, Part('f', inFlight), true, Part('w', waiting), true);
        Assert.True(order.TryTakePage(count, out var page));
        Assert.Equal((shown, next), (Names(page), page.NextAfter));
    }

    [Theory]
    // The last one of a part that goes on is only there to be compared with.
    [InlineData("1 2", true, "4 5 6", false, 10, "f1 f2 w4 w5", 5L)]
    [InlineData("1 2", true, "4 900 6", false, 10, "f1 f2 w4", 4L)]
    [InlineData("1 2", false, "4 5", true, 10, "f1 f2", 2L)]
    [InlineData("1 2", false, "4 5", false, 1, "f1", 1L)]
    public void A_page_of_a_part(string inFlight, bool isAllInFlight, string waiting, bool isAllWaiting, int count, string shown, long? next)
    {
        var order = new PendingOrder(0, Part('f', inFlight), isAllInFlight, Part('w', waiting), isAllWaiting);
        Assert.True(order.TryTakePage(count, out var page));
        Assert.Equal((shown, next), (Names(page), page.NextAfter));
    }

    [Theory]
    [InlineData("", true, "0 0 0", false)]
    [InlineData("0 0", false, "4 5", true)]
    [InlineData("", true, "900 6", false)]
    public void Where_nothing_can_be_believed_more_has_to_be_read(string inFlight, bool isAllInFlight, string waiting, bool isAllWaiting) =>
        Assert.False(new PendingOrder(0, Part('f', inFlight), isAllInFlight, Part('w', waiting), isAllWaiting).TryTakePage(1, out _));

    // The problem serves as a name.
    private static List<(long Sequence, PendingEntry Entry)> Part(char name, string sequences) =>
        [.. sequences.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => (long.Parse(text, System.Globalization.CultureInfo.InvariantCulture), new PendingEntry { Problem = name + text }))];

    private static string Names(PendingPage page) => string.Join(' ', page.Items.Select(entry => entry.Problem));
}
