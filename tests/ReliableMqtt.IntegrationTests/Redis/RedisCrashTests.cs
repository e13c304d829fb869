using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// A process of its own is killed with SIGKILL at each place where it matters, and the next one goes on: from Redis, and from nothing else.
public sealed class RedisCrashTests
{
    private const int Messages = 5;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, "before", "append")]
    [InlineData(1, "after", "append")]
    [InlineData(1, "before", "confirm")]
    [InlineData(1, "after", "confirm")]
    [InlineData(2, "before", "append")]
    [InlineData(2, "after", "append")]
    [InlineData(2, "before", "release")]
    [InlineData(2, "after", "release")]
    [InlineData(2, "before", "confirm")]
    [InlineData(2, "after", "confirm")]
    [Conformance(3, 12, 14)]
    public async Task A_publisher_killed_there_is_followed_at_once_by_one_that_goes_on(int qos, string when, string section)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        Assert.Equal(DyingProcess.Killed, await DyingProcess.RunAsync(redis.Address, rig.Proxy.Port, qos, Messages, when, section));
        var sentBefore = rig.Publishes.Count;

        // The dead one has the lease for a minute; a wait here ends after half of one.
        var next = await rig.ConnectPublisherAsync();
        await next.StatusIsAsync(status => status.IsOwner);
        string[] names = [.. Enumerable.Range(1, Messages).Select(i => $"m{i}")];
        var receipts = await Task.WhenAll(names.Select(name => next.Publish(PublisherCalls.WithId(name, name, qos))));
        await next.FlushAsync(Cancel);

        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.All(receipts, receipt => Assert.Equal(receipt.IsDuplicate, when != "before" || section != "append"));
        var delivered = (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).ToList();
        Assert.Equal(names, delivered.Distinct());
        Assert.InRange(delivered.Count, Messages, qos == 2 ? Messages : Messages + sentBefore);
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task A_restart_of_Redis_after_the_kill_makes_nobody_wait_for_the_dead_one()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        Assert.Equal(DyingProcess.Killed, await DyingProcess.RunAsync(redis.Address, rig.Proxy.Port, 2, Messages, "after", "release"));
        await redis.RestartAsync();
        var next = await rig.StartPublisherAsync(options => options with { LeaseDuration = TimeSpan.FromSeconds(60) });
        await next.StatusIsAsync(status => status.IsOwner);
        await next.FlushAsync(Cancel);
        Assert.Equal(Messages, (await rig.DeliveriesAsync()).Count);
        await rig.AssertNothingStoredAsync();
    }
}
