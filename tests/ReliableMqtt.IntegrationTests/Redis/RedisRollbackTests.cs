using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Session;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>A redis-server goes back to an earlier append-only file under a living owner; see <see cref="RollbackRun"/>.</summary>
public sealed class RedisRollbackTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(1483615627)] // a jump of the tail was lost, and its sequences were given out again
    [InlineData(0)] // another one each time
    public async Task What_the_owner_knew_is_neither_lost_nor_sent_twice(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next(4, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var redis = await RedisServer.StartAsync();
        var run = new RollbackRun(seed, new Server(redis), messages: 150);
        await run.ExecuteAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{run.Losses} losses, {run.Restores} restores, {run.LostForeign} messages of others lost");
        Assert.True(run.Restores > 2, $"seed {seed}: {run.Losses} losses, {run.Restores} restores");
    }

    private sealed class Server(RedisServer redis) : LosingStore
    {
        public override int LossesOneIn => 60;

        public override int SlowestPace => 3;

        public override AckLedger NewLedger() => new RedisAckLedger(redis.Address);

        public override Task<Func<Task>> SaveAsync() => redis.SaveAsync();
    }
}
