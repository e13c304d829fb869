using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// Redis loses what it has acknowledged. As long as the publisher lives, nothing is lost and nothing comes twice; when it dies with it, nothing is said that is not true.
public sealed class RedisLossTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_living_publisher_makes_up_for_writes_that_Redis_has_lost(bool byAcceptor)
    {
        await using var redis = await RedisServer.StartAsync();
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(redis.Address), async () =>
        {
            for (var i = 0; i < 4; i++)
            {
                var goBack = await redis.SaveAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(200 + (100 * i)), Cancel);
                await goBack();
                await Task.Delay(TimeSpan.FromMilliseconds(300), Cancel);
            }
        }, check: AssertRestored, byAcceptor: byAcceptor);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_living_publisher_makes_up_for_the_loss_of_everything(bool byAcceptor)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(redis.Address), async () =>
        {
            for (var i = 0; i < 4; i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), Cancel);
                await connection.GetDatabase().ExecuteAsync("FLUSHALL");
                if (i % 2 == 1) await redis.RestartAsync();
            }
        }, check: AssertRestored, byAcceptor: byAcceptor);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_living_publisher_makes_up_for_a_failover_to_a_replica_that_was_behind(bool byAcceptor)
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replication = CuttingProxy.Start(primary.Port);
        await using var replica = await RedisServer.StartAsync(new RedisSettings { ExtraLines = [$"replicaof 127.0.0.1 {replication.Port}"] });
        await using var connection = await replica.ConnectAsync();
        await using var front = CuttingProxy.Start(primary.Port);
        await SteadyPublishing.RunAsync(() => new RedisAckLedger($"127.0.0.1:{front.Port}"), async () =>
        {
            await Eventually.Async(async () => (await InfoAsync(connection, "replication")).GetValueOrDefault("master_link_status") == "up", "the replica is in step");
            replication.Refuses = true;
            replication.Cut();
            await Task.Delay(TimeSpan.FromMilliseconds(400), Cancel); // The primary goes on acknowledging.
            await primary.KillAsync();
            await connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
            front.TargetPort = replica.Port;
            front.Cut();
        }, check: AssertRestored, byAcceptor: byAcceptor);
    }

    [Fact]
    public async Task A_message_in_flight_whose_write_is_lost_is_resumed_and_arrives_once()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var publisher = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("before")).Outcome);
        await publisher.FlushAsync(Cancel);
        var goBack = await redis.SaveAsync();
        var rule = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        var pending = publisher.Publish("m");
        var packetId = (await rule.HitAsync()).PacketId;
        await goBack();
        await Eventually.Async(() => rig.LogEntries.Any(entry => entry.Id == 3022), "the ledger has it again");

        // In the same session, under the same packet id, for the ledger knows it again.
        rig.Proxy.Cut();
        Assert.Equal(PublishOutcome.Confirmed, (await pending.WaitAsync(TimeSpan.FromSeconds(30), Cancel)).Outcome);
        Assert.Equal([packetId, packetId], rig.Publishes.Where(packet => packet.Payload == "m").Select(packet => packet.PacketId));
        Assert.Equal(["before", "m"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task A_message_in_flight_that_died_with_its_publisher_swallows_no_later_one()
    {
        // With snapshots only: what comes after the last one is lost when Redis is killed.
        await using var redis = await RedisServer.StartAsync(new RedisSettings { AppendOnly = false });
        await using var connection = await redis.ConnectAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var dying = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await dying.Publish("before")).Outcome);
        await dying.FlushAsync(Cancel);
        await connection.GetDatabase().ExecuteAsync("SAVE");
        var rule = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        var lost = await dying.Enqueue("lost");
        var packetId = (await rule.HitAsync()).PacketId;
        await rig.CrashAsync(dying);
        await redis.RestartAsync();

        // The broker holds that packet id half-finished, and nobody knows of it.
        var next = await rig.ConnectPublisherAsync();
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => next.Publish($"m{i}")));
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Contains(rig.Publishes, packet => packet.PacketId == packetId && packet.Payload!.StartsWith('m'));
        Assert.Equal(
            Enumerable.Range(0, 50).Select(i => $"m{i}"),
            (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).Where(payload => payload.StartsWith('m')));
        Assert.Equal(PublishOutcome.Unknown, (await next.Receipt(lost.MessageId)).Outcome);
    }

    [Fact]
    public async Task What_waited_in_a_ledger_that_is_deleted_comes_back_as_far_as_memory_has_it_and_nobody_hangs()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        // Memory has the head of the backlog, and of what came last so many bytes: not what is in between.
        const int count = 4_000;
        var filler = new string('x', 8_000);
        var pending = await publisher.EnqueueBatchAsync([.. Enumerable.Range(0, count).Select(i => PublisherCalls.Message($"{i} {filler}", 1))], Cancel);
        var waiting = pending.Select(message => message.Confirm()).ToList();
        await connection.GetDatabase().ExecuteAsync("FLUSHALL");
        Assert.Equal(PublishOutcome.Pending, (await publisher.Enqueue("after", 1)).Receipt.Outcome);
        rig.Proxy.Refuses = false;

        var ends = await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.All(ends, receipt => Assert.True(receipt.Outcome is PublishOutcome.Confirmed or PublishOutcome.Unknown));
        Assert.Equal([PublishOutcome.Confirmed, PublishOutcome.Unknown, PublishOutcome.Confirmed], Runs(ends.Select(receipt => receipt.Outcome)));
        Assert.InRange(ends.Count(receipt => receipt.Outcome == PublishOutcome.Unknown), 1_000, 3_000);
        await publisher.FlushAsync(Cancel);
        Assert.Equal(
            Enumerable.Range(0, count).Where(i => ends[i].Outcome == PublishOutcome.Confirmed).Select(i => $"{i}").Append("after"),
            (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload.Split(' ')[0]));
        Assert.Contains(rig.LogEntries, entry => entry.Id == 3010);
        await rig.AssertNothingStoredAsync();
    }

    private static List<PublishOutcome> Runs(IEnumerable<PublishOutcome> outcomes)
    {
        var runs = new List<PublishOutcome>();
        foreach (var outcome in outcomes)
            if (runs.Count == 0 || runs[^1] != outcome) runs.Add(outcome);
        return runs;
    }

    [Fact]
    public async Task A_deleted_ledger_begins_anew_when_its_owner_has_had_the_time_to_come_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        await using var owner = new RedisAckLedger(redis.Address);
        await using var standby = new RedisAckLedger(redis.Address);
        var options = new LedgerOpenOptions { PublisherId = Rig.PublisherId, LeaseDuration = TimeSpan.FromSeconds(1) };
        foreach (var ledger in new[] { owner, standby }) await ledger.OpenAsync(options, Cancel);
        Assert.NotNull((await owner.AcquireAsync(Cancel)).Epoch);
        await connection.GetDatabase().ExecuteAsync("FLUSHALL");

        var first = await standby.AcquireAsync(Cancel);
        Assert.Null(first.Epoch);
        Assert.Contains("deleted", first.Holder, StringComparison.Ordinal);
        LeaseGrant? grant = null;
        await Eventually.Async(async () => (grant = await standby.AcquireAsync(Cancel)).Epoch is not null, "the ledger begins anew");
        Assert.Equal(0, (await standby.RecoverAsync(grant!.Epoch!.Value, Cancel)).Tail);
    }

    private static void AssertRestored(Rig rig)
    {
        Assert.Contains(rig.LogEntries, entry => entry.Id == 3010);
        Assert.Contains(rig.LogEntries, entry => entry.Id == 3022);
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id is 3005 or 3011);

        // The broker's session is the one from the start.
        Assert.Single(rig.Tap.Of(MqttControlPacketType.Connect, Direction.ToBroker), packet => packet.CleanStart);
    }

    private static async Task<Dictionary<string, string>> InfoAsync(ConnectionMultiplexer connection, string section) =>
        (await connection.GetServers()[0].InfoAsync(section)).SelectMany(group => group).ToDictionary(line => line.Key, line => line.Value);
}
