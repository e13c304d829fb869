using System.Text;
using ReliableMqtt.Tool.Output;

namespace ReliableMqtt.Tool.Tests;

/// <summary>What others wrote can neither move the cursor nor look like something else.</summary>
public class SafeTextTests
{
    [Theory]
    [InlineData("plant/7/temperature", "plant/7/temperature")]
    [InlineData("", "")]
    [InlineData("größe/温度/🚀 ~`\\[bold]", "größe/温度/🚀 ~`\\[bold]")]
    [InlineData("a\u001b[2J\u0007b", "a\\u001B[2J\\u0007b")]
    [InlineData("a\r\nb\tc\u007f\u0085\u009b1m", "a\\u000D\\u000Ab\\u0009c\\u007F\\u0085\\u009B1m")]
    [InlineData("a\u202eb\u2066c\u200bd\ufeffe", "a\\u202Eb\\u2066c\\u200Bd\\uFEFFe")]
    [InlineData("a\u2028b\u2029c\u00a0d\ue000e", "a\\u2028b\\u2029c\\u00A0d\\uE000e")]
    [InlineData("tag \U000E0041", "tag \\U000E0041")]
    public void Everything_that_is_no_plain_character_is_written_out(string text, string expected) => Assert.Equal(expected, SafeText.Escape(text));

    [Fact]
    public void Lone_surrogates_are_written_out() => Assert.Equal("a\\uD800b\\uDC00", SafeText.Escape("a\ud800b\udc00"));

    [Fact]
    public void A_payload_is_text_or_hexadecimal_and_never_long()
    {
        Assert.Equal("21.5 °C\\u000A", SafeText.OfBytes("21.5 °C\n"u8));
        Assert.Equal("0xC3", SafeText.OfBytes([0xC3]));
        Assert.Equal("0123…", SafeText.OfBytes("0123456789"u8, 4));
        Assert.Equal(200 + 1, SafeText.OfBytes(Encoding.UTF8.GetBytes(new string('x', 300_000))).Length);
        Assert.Equal("", SafeText.OfBytes([]));
    }
}
