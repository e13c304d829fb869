using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>
/// A cluster of three masters while slots move and nodes go away: TRYAGAIN, ASK, MOVED and CLUSTERDOWN make calls wait, and nothing is lost or comes twice.
/// </summary>
public sealed class RedisClusterTests
{
    private static readonly string Header = Key("header");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Key(string name) => $"reliable-mqtt:{{{Rig.PublisherId}}}:{name}";

    [Fact]
    public async Task All_keys_of_a_publisher_id_are_in_one_slot()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(cluster.Address));
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish(PublisherCalls.WithId("m", "m"));
        await publisher.FlushAsync(Cancel);

        var (keys, owner) = (new List<string>(), await cluster.OwnerAsync(Header));
        for (var i = 0; i < cluster.Nodes.Count; i++)
        {
            var here = (string[])(await cluster.ExecuteAsync(i, "KEYS", "*"))!;
            if (i == owner) keys.AddRange(here);
            else Assert.Empty(here);
        }

        Assert.True(keys.Count > 3, string.Join(' ', keys));
        Assert.All(keys, key => Assert.StartsWith(Key(""), key, StringComparison.Ordinal));
        Assert.Contains("cluster, role master", rig.LogEntries.Single(entry => entry.Id == 3008).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slot_that_moves_in_mid_traffic_costs_time_and_nothing_else()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(cluster.Address), async () =>
        {
            // Each key's move lasts long enough to be met by a call.
            for (var i = 0; i < 3; i++) await cluster.MoveSlotAsync(Header, () => Task.Delay(TimeSpan.FromMilliseconds(200), Cancel));
        }, seemsLost: false);

        var met = await cluster.ErrorsAsync();
        Assert.All(["TRYAGAIN", "ASK", "MOVED"], error => Assert.True(met.GetValueOrDefault(error) > 0, $"no {error} among {string.Join(' ', met)}"));
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(' ', met));
    }

    [Fact]
    public async Task Who_only_accepts_is_answered_while_the_slot_moves()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(cluster.Address));
        await rig.ConnectPublisherAsync();
        var frontEnd = await rig.StartPublisherAsync(options => options with { AcceptOnly = true, Mqtt = null });
        var moving = Task.Run(() => cluster.MoveSlotAsync(Header, () => Task.Delay(TimeSpan.FromMilliseconds(100), Cancel)), Cancel);
        var calls = new List<Task<PublishReceipt>>();
        for (var i = 0; i < 100 || !moving.IsCompleted; i++)
        {
            calls.Add(frontEnd.Publish(PublisherCalls.WithId($"m{i}", $"m{i}")));
            await Task.WhenAny(calls[^1], Task.Delay(5, Cancel));
        }

        await moving;
        Assert.All(await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(60), Cancel), receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Equal(Enumerable.Range(0, calls.Count).Select(i => $"m{i}"), (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task The_documented_user_follows_a_slot()
    {
        await using var cluster = await RedisCluster.StartAsync(DocumentedUser.ReadForCluster());
        await SteadyPublishing.RunAsync(
            () => new RedisAckLedger(cluster.Address), async () => await cluster.MoveSlotAsync(Header, () => Task.Delay(TimeSpan.FromMilliseconds(200), Cancel)));
        Assert.Subset(DocumentedUser.Dispensable.ToHashSet(), await cluster.RefusedAsync());
    }

    [Fact]
    public async Task A_killed_publisher_is_followed_by_one_that_goes_on_where_its_slot_has_gone()
    {
        const int messages = 5;
        await using var cluster = await RedisCluster.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(cluster.Address));
        Assert.Equal(DyingProcess.Killed, await DyingProcess.RunAsync(cluster.Address, rig.Proxy.Port, 2, messages, "after", "release"));
        await cluster.MoveSlotAsync(Header);

        var next = await rig.ConnectPublisherAsync();
        await next.StatusIsAsync(status => status.IsOwner);
        await next.FlushAsync(Cancel);
        await next.PublishAll("next", 50);
        var delivered = (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).ToList();
        Assert.Equal(Enumerable.Range(1, messages).Select(i => $"m{i}"), delivered.Where(payload => payload.StartsWith('m')));
        Assert.Equal(messages + 50, delivered.Count);
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id is 3005 or 3010);
        await next.FlushAsync(Cancel);
        await rig.AssertNothingStoredAsync();

        // Nobody was left who could say that nothing was lost on the way: what was in flight was finished, and then the session began anew, once.
        Assert.Equal([1, 4], rig.Tap.Of(MQTTnet.Protocol.MqttControlPacketType.Connect, Direction.ToBroker).Where(packet => packet.CleanStart).Select(packet => packet.Connection));
        Assert.Equal(messages, rig.PubRels.Count(packet => packet.Connection == 3));
    }

    [Fact]
    public async Task A_publisher_that_was_stopped_begins_its_session_anew_once_after_a_move()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(cluster.Address));
        var first = await rig.ConnectPublisherAsync();
        await first.PublishAll("a", 5);
        await first.DisposeAsync();
        await cluster.MoveSlotAsync(Header);

        // It gave the lease back, so that nobody waits for its return.
        var second = await rig.ConnectPublisherAsync(options => options with { LeaseDuration = TimeSpan.FromSeconds(60) });
        await second.PublishAll("b", 5);
        await second.DisposeAsync();
        var third = await rig.ConnectPublisherAsync();
        await third.PublishAll("c", 5);
        Assert.Equal(15, (await rig.DeliveriesAsync()).Count);
        var connects = rig.Tap.Of(MQTTnet.Protocol.MqttControlPacketType.Connect, Direction.ToBroker);
        Assert.Equal(2, connects.Count(packet => packet.CleanStart)); // The very first one, and one for the second.
        Assert.False(connects[^1].CleanStart);
    }

    [Theory]
    [InlineData(0)] // the one that has the ledger
    [InlineData(1)] // another one: without it the cluster does not serve the whole of its slots, and so none
    public async Task While_a_master_is_gone_calls_wait_and_then_go_on(int which)
    {
        await using var cluster = await RedisCluster.StartAsync();
        var gone = cluster.Nodes[(await cluster.OwnerAsync(Header) + which) % cluster.Nodes.Count];
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(cluster.Address), async () =>
        {
            await gone.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(4), Cancel); // Longer than the cluster needs to notice.
            await gone.StartAgainAsync();
        }, seemsLost: false);
        Assert.True((await cluster.ErrorsAsync()).GetValueOrDefault("CLUSTERDOWN") > 0);
    }

    [Theory]
    [InlineData(false)] // the master hands over
    [InlineData(true)] // the others notice that it is gone
    public async Task A_replica_takes_the_place_of_its_master(bool killed)
    {
        await using var cluster = await RedisCluster.StartAsync();
        var master = await cluster.OwnerAsync(Header);
        var replica = await cluster.AddReplicaAsync(master);
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(cluster.Address), async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300), Cancel);
            if (killed) await cluster.KillMasterAsync(master, replica);
            else await cluster.ExecuteAsync(replica, "CLUSTER", "FAILOVER");
            await Eventually.Async(async () => ((string)(await cluster.ExecuteAsync(replica, "INFO", "replication"))!).Contains("role:master", StringComparison.Ordinal), "it is the master");
        }, seemsLost: false);
    }

    [Fact]
    public async Task Whoever_waits_for_work_is_woken_from_any_node()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var owner = new RedisAckLedger(cluster.Address);
        await using var other = new RedisAckLedger(cluster.Address);
        foreach (var ledger in new[] { owner, other }) await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = Rig.PublisherId }, Cancel);
        var grant = await owner.AcquireAsync(Cancel);
        await AssertWakesAsync();

        // The script now publishes from another node than the one that the owner listens at.
        await cluster.MoveSlotAsync(Header);
        Assert.Equal(LeaseStatus.Held, (await owner.RenewAsync(Assert.NotNull(grant.Epoch), Cancel)).Status);
        await AssertWakesAsync();

        async Task AssertWakesAsync()
        {
            var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            owner.Changed += Woken;
            await other.AcceptAsync([new LedgerRecord { Topic = "t", QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce }], Cancel);
            await woken.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
            owner.Changed -= Woken;
            await cluster.ExecuteAsync(await cluster.OwnerAsync(Header), "DEL", Key("backlog")); // Only the first message in it wakes.

            void Woken(LedgerChange change) => woken.TrySetResult();
        }
    }
}
