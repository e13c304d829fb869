using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>Sentinel promotes the replica, and the publisher that was told of nothing but the Sentinel goes on there.</summary>
public sealed class RedisSentinelTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_publisher_follows_a_failover()
    {
        await using var pair = await RedisPair.StartAsync();
        await using var sentinel = await StartSentinelAsync(pair);
        await SteadyPublishing.RunAsync(() => new RedisAckLedger($"{sentinel.Address},serviceName=plant"), async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300), Cancel);
            await pair.KillPrimaryAsync();
        }, seemsLost: false);
    }

    /// <summary>One alone decides here, and quickly.</summary>
    private static async Task<RedisServer> StartSentinelAsync(RedisPair pair)
    {
        var sentinel = await RedisServer.StartAsync(new RedisSettings
        {
            IsSentinel = true,
            ExtraLines =
            [
                $"sentinel monitor plant 127.0.0.1 {pair.Primary.Port} 1", "sentinel down-after-milliseconds plant 1000", "sentinel failover-timeout plant 3000",
            ],
        });
        await using var connection = await sentinel.ConnectAsync();
        await Eventually.Async(async () => (await connection.GetServers()[0].SentinelReplicasAsync("plant")).Length == 1, "the Sentinel knows the replica");
        return sentinel;
    }
}
