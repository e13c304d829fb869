using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>What a message costs Redis, counted by Redis itself and not timed. Bounds are a little above what was counted when they were set.</summary>
public sealed class RedisCostTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1, 200, 2.1, 20)]
    [InlineData(2, 1, 200, 3.1, 28)]
    [InlineData(1, 256, 4_096, 0.5, 5)]
    [InlineData(2, 256, 4_096, 1, 10)]
    public async Task A_message_costs_so_many_scripts_and_commands_at_most(int qos, int callers, int messages, double scripts, double commands)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var publisher = await rig.ConnectPublisherAsync();
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.Address},allowAdmin=true");
        var server = admin.GetServers()[0];
        await publisher.Publish(PublisherCalls.Message("first", qos));
        await publisher.FlushAsync(Cancel);

        var (scriptsBefore, commandsBefore) = await CountAsync(server);
        var left = messages;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await publisher.Publish(PublisherCalls.Message("m", qos));
        }));
        await publisher.FlushAsync(Cancel);
        var (scriptsAfter, commandsAfter) = await CountAsync(server);

        var (perScript, perCommand) = ((scriptsAfter - scriptsBefore) / (double)messages, (commandsAfter - commandsBefore) / (double)messages);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{perScript:0.000} scripts and {perCommand:0.00} commands a message"));
        Assert.True(perScript <= scripts && perCommand <= commands, string.Create(CultureInfo.InvariantCulture, $"{perScript:0.000} scripts, {perCommand:0.00} commands a message"));
    }

    // Commands inside a script are counted as well; those of the lease and of this look are few.
    private static async Task<(long Scripts, long Commands)> CountAsync(IServer server)
    {
        var all = (await server.InfoAsync("commandstats")).SelectMany(group => group).Where(pair => pair.Key.StartsWith("cmdstat_", StringComparison.Ordinal)).ToList();
        return (all.Where(pair => pair.Key.StartsWith("cmdstat_eval", StringComparison.Ordinal)).Sum(Calls),
            all.Where(pair => !pair.Key.StartsWith("cmdstat_eval", StringComparison.Ordinal)).Sum(Calls));
    }

    private static long Calls(KeyValuePair<string, string> line) => long.Parse(line.Value.Split(',')[0]["calls=".Length..], CultureInfo.InvariantCulture);
}
