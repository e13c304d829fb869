using System.Runtime.CompilerServices;

namespace ReliableMqtt.IntegrationTests.Mqtt;

/// <summary>Awaits a condition, with a deadline.</summary>
internal static class Eventually
{
    public static async Task True(Func<bool> condition, int seconds = 20, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var deadline = DateTime.UtcNow.AddSeconds(seconds);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Not within {seconds} s: {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
