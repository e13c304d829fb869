using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>
/// Random operations while Redis is killed again and again, each commit sent as two copies that race on two connections, and old ones replayed
/// at any time: every operation must happen exactly once.
/// </summary>
public sealed class RedisKillTests
{
    private const int Steps = 600;
    private const string Header = "reliable-mqtt:{killed}:header";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)] // another one each time
    public async Task Every_operation_happens_exactly_once_over_kills_races_and_replays(int seed)
    {
        await using var redis = await RedisServer.StartAsync();
        await RunAsync(seed, redis.Address, 10, _ => redis.RestartAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Every_operation_happens_exactly_once_over_slot_moves_races_and_replays(int seed)
    {
        await using var cluster = await RedisCluster.StartAsync();
        await RunAsync(seed, cluster.Address, 10, async random =>
        {
            var owner = await cluster.MoveSlotAsync(Header, () => Task.Delay(TimeSpan.FromMilliseconds(random.Next(30)), Cancel));
            if (random.Next(4) == 0) await cluster.Nodes[owner].RestartAsync();
        });
    }

    private static async Task RunAsync(int seed, string address, int leastHarms, Func<Random, Task> harm)
    {
        if (seed == 0) seed = Random.Shared.Next(3, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var first = new RedisAckLedger(address);
        await using var second = new RedisAckLedger(address);
        await using var stranger = new RedisAckLedger(address);
        var options = new LedgerOpenOptions { PublisherId = "killed", MaxDeadLetters = 100_000 };
        foreach (var ledger in new[] { first, second, stranger }) await ledger.OpenAsync(options, Cancel);

        var run = new RedisKillRun(new Random(seed), first, second, stranger);
        await run.AcquireAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var harms = 0;
        var harming = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!enough.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(100, 700)), Cancel);
                await harm(random);
                harms++;
            }
        }, Cancel);
        var renewing = run.RenewAsync(enough.Token);
        var step = 0;
        try
        {
            for (; (step < Steps || harms < leastHarms) && !harming.IsFaulted; step++) await run.StepAsync();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException($"Seed {seed}, step {step}: {error.Message}", error);
        }
        finally
        {
            await enough.CancelAsync();
            await harming;
            await renewing;
        }

        await run.CompareAsync();
        Assert.True(run.Repeated > 25 && run.Confirmed > 300 && run.Buried > 30, $"seed {seed}: {run.Repeated} repeated, {run.Confirmed} confirmed, {run.Buried} buried");
    }
}
