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

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)] // another one each time
    public async Task Every_operation_happens_exactly_once_over_kills_races_and_replays(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next(3, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var redis = await RedisServer.StartAsync();
        await using var first = new RedisAckLedger(redis.Address);
        await using var second = new RedisAckLedger(redis.Address);
        await using var stranger = new RedisAckLedger(redis.Address);
        var options = new LedgerOpenOptions { PublisherId = "killed", MaxDeadLetters = 100_000 };
        foreach (var ledger in new[] { first, second, stranger }) await ledger.OpenAsync(options, Cancel);

        var run = new RedisKillRun(new Random(seed), first, second, stranger);
        await run.AcquireAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var kills = 0;
        var killing = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!enough.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(100, 700)), Cancel);
                await redis.RestartAsync();
                kills++;
            }
        }, Cancel);
        var renewing = run.RenewAsync(enough.Token);
        var step = 0;
        try
        {
            for (; step < Steps || kills < 10; step++) await run.StepAsync();
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException($"Seed {seed}, step {step}: {error.Message}", error);
        }
        finally
        {
            await enough.CancelAsync();
            await killing;
            await renewing;
        }

        await run.CompareAsync();
        Assert.True(run.Repeated > 50 && run.Confirmed > 300 && run.Buried > 30, $"seed {seed}: {run.Repeated} repeated, {run.Confirmed} confirmed, {run.Buried} buried");
    }
}
