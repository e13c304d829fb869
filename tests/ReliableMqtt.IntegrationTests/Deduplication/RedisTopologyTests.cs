using System.Globalization;
using System.Text.RegularExpressions;
using MQTTnet;
using ReliableMqtt.Deduplication;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>The store with the rights that docs/redis.md gives it, and in a cluster.</summary>
public sealed class RedisTopologyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_documented_rights_are_enough()
    {
        var more = Regex.Match(File.ReadAllText(RepositoryRoot.File("docs/redis.md")), @"`CommitAsync` needs\s+`([^`]+)` besides");
        Assert.True(more.Success);
        var user = DocumentedUser.Read();
        user = user with { Line = $"{user.Line} {more.Groups[1].Value} ~effect:* +incr" };
        await using var server = await user.StartServerAsync();
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(user.Address(server));
        await using var store = new RedisProcessedMessageStore(multiplexer, "stock");
        await HandleAsync(store, "plant", "m1");

        var key = new DeduplicationKey("plant", "m2");
        await store.ClaimAsync(key, "a", TimeSpan.FromMinutes(1), Cancel);
        await store.ReleaseAsync(key, "a", Cancel);
        await store.ClaimAsync(key, "b", TimeSpan.FromMinutes(1), Cancel);
        var late = new MessageDeduplicator(store, async (received, cancel) =>
        {
            await store.ReleaseAsync(new("plant", "m3"), received.ClaimToken, cancel);
            await store.ClaimAsync(new("plant", "m3"), "other", TimeSpan.FromMinutes(1), cancel);
            await Assert.ThrowsAsync<ClaimLostException>(() => store.CommitAsync(received, Effect(store, new("plant", "m3")), cancel));
            await store.MarkProcessedAsync(new("plant", "m3"), "other", cancel);
        });
        Assert.Equal(DeduplicationOutcome.Duplicate, await late.ProcessAsync(Message("plant", "m3"), Cancel));

        await using var admin = await server.ConnectAsync();
        var refused = DocumentedUser.Refused(await admin.GetDatabase().ExecuteAsync("ACL", "LOG")).Where(command => !DocumentedUser.Dispensable.Contains(command));
        Assert.Empty(refused);
    }

    [Fact]
    public async Task An_effect_that_is_forbidden_is_the_handlers_failure_and_not_waited_for()
    {
        await using var server = await DocumentedUser.Read().StartServerAsync();
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(DocumentedUser.Read().Address(server));
        await using var store = new RedisProcessedMessageStore(multiplexer, "stock");
        Exception? failure = null;
        var deduplicator = new MessageDeduplicator(
            store,
            async (received, cancel) => failure = await Record.ExceptionAsync(() => store.CommitAsync(received, Effect(store, received.Key!.Value), cancel)));
        await deduplicator.ProcessAsync(Message("plant", "m1"), Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Contains("nothing was written", Assert.IsType<InvalidOperationException>(failure).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_cluster_an_effect_with_the_hash_tag_is_where_its_mark_is()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(cluster.Address);
        await using var store = new RedisProcessedMessageStore(multiplexer, "a/b{c}");
        for (var i = 0; i < 12; i++)
        {
            var publisher = string.Create(CultureInfo.InvariantCulture, $"plant {{{i}}}");
            await HandleAsync(store, publisher, "m1");
            Assert.Equal(1, (int)await multiplexer.GetDatabase().StringGetAsync(KeyOf(store, new(publisher, "m1"))));
        }
    }

    private static async Task HandleAsync(RedisProcessedMessageStore store, string publisher, string id)
    {
        var deduplicator = new MessageDeduplicator(store, (received, cancel) => store.CommitAsync(received, Effect(store, received.Key!.Value), cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(publisher, id), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message(publisher, id), Cancel));
    }

    private static Action<ITransaction> Effect(RedisProcessedMessageStore store, DeduplicationKey key) => transaction => transaction.StringIncrementAsync(KeyOf(store, key));

    private static string KeyOf(RedisProcessedMessageStore store, DeduplicationKey key) => "effect:{" + store.GetHashTag(key) + "}";

    private static MqttApplicationMessage Message(string publisher, string id) => new MqttApplicationMessageBuilder().WithTopic("t")
        .WithUserProperty(DeduplicationKey.PublisherIdUserPropertyName, System.Text.Encoding.UTF8.GetBytes(publisher))
        .WithUserProperty(MessageId.UserPropertyName, System.Text.Encoding.UTF8.GetBytes(id)).Build();
}
