using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Tests.Telemetry;

public class LogThrottleTests
{
    [Fact]
    public void One_line_a_second_passes_and_says_how_many_did_not()
    {
        var time = new FakeTimeProvider();
        var throttle = new LogThrottle(time);
        Assert.True(throttle.TryPass(out var before));
        Assert.Equal(0, before);
        for (var i = 0; i < 5; i++) Assert.False(throttle.TryPass(out _));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(throttle.TryPass(out _));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(throttle.TryPass(out before));
        Assert.Equal(6, before);
        time.Advance(TimeSpan.FromHours(1));
        Assert.True(throttle.TryPass(out before));
        Assert.Equal(0, before);
    }
}
