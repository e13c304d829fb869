using MQTTnet;
using ReliableMqtt.Deduplication;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>Effect and mark in one transaction of Redis: both happen, once, or neither.</summary>
public sealed class RedisCommitTests : IAsyncLifetime
{
    private const string Effects = "effects";

    private RedisServer _server = null!;
    private ConnectionMultiplexer _connection = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDatabase Database => _connection.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _connection = await _server.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null) await _connection.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Effect_and_mark_happen_together()
    {
        await using var store = new RedisProcessedMessageStore(_connection, "r");
        var deduplicator = new MessageDeduplicator(store, (received, cancel) => store.CommitAsync(received, Count, cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message("m1"), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message("m1"), Cancel));
        Assert.Equal(1, (int)await Database.StringGetAsync(Effects));
    }

    [Fact]
    public async Task A_process_that_dies_after_the_transaction_has_marked()
    {
        await using var store = new RedisProcessedMessageStore(_connection, "r");
        using var death = new CancellationTokenSource();
        var dying = new MessageDeduplicator(store, async (received, cancel) =>
        {
            await store.CommitAsync(received, Count, cancel);
            await death.CancelAsync();
            cancel.ThrowIfCancellationRequested();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dying.ProcessAsync(Message("m1"), death.Token));
        var next = new MessageDeduplicator(store, (received, cancel) => store.CommitAsync(received, Count, cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await next.ProcessAsync(Message("m1"), Cancel));
        Assert.Equal(1, (int)await Database.StringGetAsync(Effects));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_has_lost_the_claim_writes_nothing(bool otherIsDone)
    {
        await using var store = new RedisProcessedMessageStore(_connection, "r");
        var key = DeduplicationKey.Of(Message("m1"))!.Value;
        var calls = 0;
        var deduplicator = new MessageDeduplicator(store, async (received, cancel) =>
        {
            calls++;
            await store.ReleaseAsync(key, received.ClaimToken, cancel);
            await store.ClaimAsync(key, "other", TimeSpan.FromMinutes(1), cancel);
            if (otherIsDone) await store.MarkProcessedAsync(key, "other", cancel);
            var lost = await Assert.ThrowsAsync<ClaimLostException>(() => store.CommitAsync(received, Count, cancel));
            await store.MarkProcessedAsync(key, "other", cancel);
            throw lost;
        });
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message("m1"), Cancel));
        Assert.Equal(1, calls);
        Assert.False(await Database.KeyExistsAsync(Effects));
    }

    [Fact]
    public async Task A_claim_that_has_run_out_and_is_free_is_taken_again()
    {
        await using var store = new RedisProcessedMessageStore(_connection, "r");
        var deduplicator = new MessageDeduplicator(store, async (received, cancel) =>
        {
            await store.ReleaseAsync(received.Key!.Value, received.ClaimToken, cancel);
            await store.CommitAsync(received, Count, cancel);
        });
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message("m1"), Cancel));
        Assert.Equal(1, (int)await Database.StringGetAsync(Effects));
    }

    // The answer to EXEC is lost with the connection, or EXEC itself is: which, nobody knows but the mark.
    [Fact]
    public async Task Over_cut_connections_each_message_has_its_effect_once()
    {
        const int messages = 300;
        await using var proxy = CuttingProxy.Start(_server.Port);
        await using var store = new RedisProcessedMessageStore($"127.0.0.1:{proxy.Port}", "r");
        var deduplicator = new MessageDeduplicator(
            store, (received, cancel) => store.CommitAsync(received, transaction => transaction.HashIncrementAsync(Effects, received.Key!.Value.MessageId), cancel),
            new DeduplicationOptions { MinBackoff = TimeSpan.FromMilliseconds(10), MaxBackoff = TimeSpan.FromMilliseconds(50), MaxAttempts = 1_000 });
        var random = new Random(7);
        using var done = new CancellationTokenSource();
        var cuts = 0;
        var cutting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                proxy.CutAfter((Direction)random.Next(2), random.Next(200, 20_000));
                await Task.Delay(20, Cancel);
                cuts++;
            }
        }, Cancel);
        await Parallel.ForAsync(0, messages, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, async (i, cancel) => await deduplicator.ProcessAsync(Message($"m{i}"), cancel));
        await done.CancelAsync();
        await cutting;
        var effects = await Database.HashGetAllAsync(Effects);
        Assert.Equal(messages, effects.Length);
        Assert.All(effects, effect => Assert.Equal(1, (int)effect.Value));
        Assert.True(proxy.ConnectionCount > 5, $"{proxy.ConnectionCount} connections");
    }

    private static void Count(ITransaction transaction) => transaction.StringIncrementAsync(Effects);

    private static MqttApplicationMessage Message(string id) =>
        new MqttApplicationMessageBuilder().WithTopic("t").WithUserProperty(MessageId.UserPropertyName, System.Text.Encoding.UTF8.GetBytes(id)).Build();
}
