using System.Globalization;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Proves that an id is either the application's, in full, or an automatic one that has exactly one spelling.</summary>
public class MessageIdTests
{
    [Theory]
    [InlineData(0UL, 1L, "~0000000000000000-1")]
    [InlineData(0xABCUL, 255L, "~0000000000000abc-ff")]
    [InlineData(ulong.MaxValue, long.MaxValue, "~ffffffffffffffff-7fffffffffffffff")]
    public void An_automatic_id_carries_nonce_and_sequence(ulong nonce, long sequence, string text)
    {
        var id = MessageId.ForSequence(nonce, sequence);
        Assert.Equal(text, id.Value);
        Assert.True(id.IsAutomatic);
        Assert.True(id.TryGetSequence(out var read));
        Assert.Equal((sequence, nonce), (read, id.LedgerNonce));
        Assert.Equal(id, new MessageId(text));
    }

    [Fact]
    public void Automatic_ids_do_not_depend_on_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("ar-SA");
            Assert.Equal("~00000000000000ff-a", MessageId.ForSequence(255, 10).Value);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData("order-4711")]
    [InlineData("~")]
    [InlineData("~0000000000000abc-")]
    [InlineData("~0000000000000abc-0")]
    [InlineData("~0000000000000abc-01")]
    [InlineData("~0000000000000abc-F")]
    [InlineData("~0000000000000ABC-f")]
    [InlineData("~0000000000000abc_f")]
    [InlineData("~0000000000000abg-f")]
    [InlineData("~0000000000000abc-f ")]
    [InlineData("~ 000000000000abc-f")]
    [InlineData("~0000000000000abc-ffffffffffffffff")]
    [InlineData("~0000000000000abc-8000000000000000")]
    [InlineData("~0000000000000abc-17fffffffffffffff")]
    [InlineData("-0000000000000abc-f")]
    public void Anything_else_is_no_automatic_id(string text)
    {
        var id = new MessageId(text);
        Assert.False(id.IsAutomatic);
        Assert.False(id.TryGetSequence(out var sequence));
        Assert.Equal(0, sequence);
        Assert.Equal(0UL, id.LedgerNonce);
        Assert.Equal(text, id.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_sequence_begins_at_1(long sequence) => Assert.Throws<ArgumentOutOfRangeException>(() => MessageId.ForSequence(1, sequence));

    [Fact]
    public void The_default_is_no_id()
    {
        MessageId none = default;
        Assert.True(none.IsEmpty);
        Assert.False(none.IsAutomatic);
        Assert.Equal("", none.Value);
        Assert.Equal("", none.ToString());
        Assert.NotEqual(none, new MessageId("a"));
    }

    [Fact]
    public void An_application_id_is_kept_in_full_and_compared_by_its_text()
    {
        var longest = new string('x', MessageId.MaxLength);
        Assert.Equal(longest, new MessageId(longest).Value);
        MessageId id = "alarm-4711";
        Assert.Equal(new MessageId("alarm-4711"), id);
        Assert.NotEqual(new MessageId("Alarm-4711"), id);
        Assert.False(id.IsEmpty);
    }

    [Fact]
    public void What_cannot_be_an_id_is_refused_with_the_reason()
    {
        Assert.Throws<ArgumentException>(() => new MessageId(""));
        Assert.Throws<ArgumentNullException>(() => new MessageId(null!));
        Assert.Contains("257", Assert.Throws<ArgumentException>(() => new MessageId(new string('x', 257))).Message, StringComparison.Ordinal);
        Assert.Contains("U+0000", Assert.Throws<ArgumentException>(() => new MessageId("a\0")).Message, StringComparison.Ordinal);
        Assert.Contains("lone surrogate", Assert.Throws<ArgumentException>(() => new MessageId("a\ud800")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Automatic_ids_of_many_ledgers_are_equal_when_their_texts_are()
    {
        // More lives than are kept, so that the same one is made again and again.
        var ids = Enumerable.Range(0, 1_000).Select(i => MessageId.ForSequence((ulong)i, 5)).ToList();
        for (var i = 0; i < ids.Count; i++)
        {
            var again = MessageId.ForSequence((ulong)i, 5);
            Assert.Equal(ids[i], again);
            Assert.Equal(ids[i].GetHashCode(), again.GetHashCode());
            Assert.Equal(ids[i], new MessageId(ids[i].Value));
            Assert.NotEqual(ids[i], MessageId.ForSequence((ulong)i + 1, 5));
        }

        Assert.Equal(ids.Count, ids.Distinct().Count());
    }
}
