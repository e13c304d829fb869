namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class EventuallyTests
{
    [Fact]
    public async Task It_returns_when_the_condition_holds()
    {
        var asked = 0;
        await Eventually.Async(() => ++asked == 3, "asked three times");
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task It_fails_with_the_reason_after_the_deadline()
    {
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => Eventually.Async(() => false, "pigs fly", TimeSpan.FromMilliseconds(20)));
        Assert.Contains("pigs fly", failure.Message, StringComparison.Ordinal);
    }
}
