using System.Text;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Proves what may stand in a string on the wire (conformance rows 30, 31 and 32).</summary>
public class MqttTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("plant/7/temp")]
    [InlineData("ünï/cødé/€/😀")]
    [InlineData("\ufeffkept")]
    [InlineData(" leading and trailing ")]
    [InlineData("\u00a0\ufdcf\ufdf0\ufffd")]
    [Conformance(31)]
    public void Row_31_well_formed_text_passes(string text) => Assert.Null(MqttText.FindProblem(text));

    [Theory]
    [InlineData("a\0b", "control character U+0000 at position 1")]
    [InlineData("\u001f", "control character U+001F at position 0")]
    [InlineData("ab\n", "control character U+000A at position 2")]
    [InlineData("\u007f", "control character U+007F")]
    [InlineData("\u009f", "control character U+009F")]
    [InlineData("a\ufdd0", "non-character U+FDD0 at position 1")]
    [InlineData("\ufdef", "non-character U+FDEF")]
    [InlineData("\ufffe", "non-character U+FFFE")]
    [InlineData("\uffff", "non-character U+FFFF")]
    [InlineData("x\U0001fffe", "non-character U+1FFFE at position 1")]
    [InlineData("\U0010ffff", "non-character U+10FFFF at position 0")]
    [Conformance(31)]
    public void Row_31_what_must_not_stand_in_a_string_is_named(string text, string problem) =>
        Assert.Contains(problem, MqttText.FindProblem(text), StringComparison.Ordinal);

    [Fact]
    [Conformance(31)]
    public void Row_31_encoded_text_follows_the_same_rules()
    {
        foreach (var text in new[] { "", "plant", "ünï€😀", "a\0", "é\n", "\ufffe", "x\U0001fffe", new string('a', 65_535), new string('a', 65_536), new string('é', 40_000) })
            Assert.Equal(MqttText.FindProblem(text), MqttText.FindProblem(Encoding.UTF8.GetBytes(text).AsSpan()));
        foreach (var bytes in new byte[][] { [0xC3], [0x61, 0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80] })
            Assert.Equal("is not valid UTF-8", MqttText.FindProblem(bytes.AsSpan()));
    }

    // Built here, since test data with lone surrogates does not survive the way to the test.
    [Fact]
    [Conformance(31)]
    public void Row_31_lone_surrogates_are_found_wherever_they_stand()
    {
        foreach (var (text, position) in new[] { ("\ud83d", 0), ("a\ud83d", 1), ("\ud83dz", 0), ("\ude00", 0), ("a\ude00\ud83d", 1), ("😀\ude00", 2) })
            Assert.Contains($"lone surrogate U+{(int)text[position]:X4} at position {position}", MqttText.FindProblem(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a", 65_535, true)]
    [InlineData("a", 65_536, false)]
    [InlineData("€", 21_845, true)]
    [InlineData("€", 21_846, false)]
    [InlineData("😀", 16_383, true)]
    [InlineData("😀", 16_384, false)]
    [Conformance(31)]
    public void Row_31_the_length_counts_in_utf_8(string character, int count, bool fits)
    {
        var problem = MqttText.FindProblem(string.Concat(Enumerable.Repeat(character, count)));
        if (fits) Assert.Null(problem);
        else Assert.Equal($"is {count * Encoding.UTF8.GetByteCount(character)} bytes long in UTF-8; the protocol allows 65535", problem);
    }

    [Theory]
    [InlineData(null, "is empty")]
    [InlineData("", "is empty")]
    [InlineData("a/+/b", "wildcard '+' at position 2")]
    [InlineData("a/#", "wildcard '#' at position 2")]
    [InlineData("a/\0", "control character U+0000")]
    [Conformance(30)]
    public void Row_30_what_must_not_be_a_topic_is_named(string? topic, string problem) =>
        Assert.Contains(problem, MqttText.FindTopicProblem(topic), StringComparison.Ordinal);

    [Theory]
    [InlineData("/")]
    [InlineData("a//b/")]
    [InlineData("$SYS/x")]
    [Conformance(32)]
    public void Row_32_any_other_topic_passes(string topic) => Assert.Null(MqttText.FindTopicProblem(topic));
}
