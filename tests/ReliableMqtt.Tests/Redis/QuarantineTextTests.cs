using System.Text;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>The line before the bytes of what was put aside is read as the script writes it, and never trusted.</summary>
public class QuarantineTextTests
{
    [Theory]
    [InlineData("1800000000000 backlog \tThe record is odd.\n", QuarantinePlace.Backlog, "", "The record is odd.")]
    [InlineData("1800000000000 inflight 17\tThe record is odd.\n", QuarantinePlace.InFlight, "17", "The record is odd.")]
    [InlineData("1800000000000 dead an id with ünïcode\tThe\trecord.\n", QuarantinePlace.DeadLetters, "an id with ünïcode", "The\trecord.")]
    [InlineData("1800000000000 elsewhere x\tWhy.\n", QuarantinePlace.Unknown, "x", "Why.")]
    public void Each_part_is_found(string line, QuarantinePlace place, string field, string reason)
    {
        byte[] bytes = [0, (byte)'\n', 255];
        var record = QuarantineText.Parse(4, (byte[])[.. Encoding.UTF8.GetBytes(line), .. bytes]);
        Assert.Equal((4L, place, field, reason), (record.Number, record.Place, record.Field, record.Reason));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000), record.PutAsideAt);
        Assert.Equal(bytes, record.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("1800000000000 backlog \tno line feed")]
    [InlineData("1800000000000 backlog no tab\n")]
    [InlineData("yesterday backlog \tThe record is odd.\n")]
    [InlineData("9999999999999999999 backlog \tThe record is odd.\n")]
    [InlineData("999999999999999999 backlog \tThe record is odd.\n")]
    public void Anything_else_is_shown_whole(string kept)
    {
        var record = QuarantineText.Parse(1, Encoding.UTF8.GetBytes(kept));
        Assert.Equal((QuarantinePlace.Unknown, "", null), (record.Place, record.Field, record.PutAsideAt));
        Assert.Equal(kept, Encoding.UTF8.GetString(record.Bytes.Span));
    }

    [Fact]
    public void A_reason_is_one_line() => Assert.Equal("The record has 'a?b?c?'.", QuarantineText.Reason("has 'a\nb\u001bc\u0085'"));
}
