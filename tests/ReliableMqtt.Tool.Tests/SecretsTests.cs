using ReliableMqtt.Tool.Settings;

namespace ReliableMqtt.Tool.Tests;

/// <summary>A password is found in all the forms in which it may have been given.</summary>
public class SecretsTests
{
    [Theory]
    [InlineData("redis://user:pa55@host", "a pa55 b", "a *** b")]
    [InlineData("redis://pa55@host", "a pa55 b", "a *** b")]
    [InlineData("redis://:pa%3555@host:1,ssl=true", "a pa555 b pa%3555", "a *** b ***")]
    [InlineData("--ledger=redis://:pa55@host", "Unrecognized 'redis://:pa55@host' pa55", "Unrecognized '***' ***")]
    [InlineData("--ledger:redis://:pa55@host", "pa55", "***")]
    [InlineData("redis://host,password=pa55,ssl=true", "a pa55 b ssl=true", "a *** b ssl=true")]
    [InlineData("host:1,PASSWORD = pa55", "a pa55 b", "a *** b")]
    [InlineData("redis://host:1", "cannot reach host:1", "cannot reach host:1")]
    [InlineData("plant-7", "no ledger of plant-7", "no ledger of plant-7")]
    [InlineData("redis://@host", "a b", "a b")]
    public void It_is_hidden(string given, string text, string expected) => Assert.Equal(expected, new Secrets(["status", given, ""]).Hide(text));
}
