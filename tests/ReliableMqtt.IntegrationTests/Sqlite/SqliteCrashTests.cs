using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.IntegrationTests.Redis;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Sqlite;

namespace ReliableMqtt.IntegrationTests.Sqlite;

// What the tests with Redis prove of killed processes, with a file: only what is on the disk crosses from one to the other.
public sealed class SqliteCrashTests
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
        using var folder = new SqliteFolder();
        await using var rig = await Rig.StartAsync(ledger: () => new SqliteAckLedger(folder.File));
        Assert.Equal(DyingProcess.Killed, await DyingProcess.RunAsync($"sqlite:{folder.File}", rig.Proxy.Port, qos, Messages, when, section));
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

    [Theory]
    [InlineData(MqttControlPacketType.Publish, 1, 2, 0)]
    [InlineData(MqttControlPacketType.PubRec, 2, 2, 1)]
    [InlineData(MqttControlPacketType.PubComp, 2, 1, 2)]
    public async Task The_next_process_goes_on_where_a_packet_was_lost(MqttControlPacketType lost, int qos, int publishes, int pubRels)
    {
        using var folder = new SqliteFolder();
        await using var rig = await Rig.StartAsync(ledger: () => new SqliteAckLedger(folder.File));
        var dying = await rig.ConnectPublisherAsync();
        var rule = rig.Tap.On(lost, TapAction.Drop);
        var pending = await dying.Enqueue("m", qos);
        await rule.HitAsync();
        await rig.CrashAsync(dying);

        var next = await rig.ConnectPublisherAsync();
        await next.FlushAsync(Cancel);
        Assert.Equal(PublishOutcome.Confirmed, (await next.Receipt(pending.MessageId)).Outcome);
        Assert.Equal((publishes, pubRels), (rig.Publishes.Count, rig.PubRels.Count));
        Assert.Single(await rig.DeliveriesAsync());
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task A_standby_accepts_and_its_messages_go_out_by_the_owner()
    {
        using var folder = new SqliteFolder();
        await using var rig = await Rig.StartAsync(ledger: () => new SqliteAckLedger(folder.File));
        var owner = await rig.ConnectPublisherAsync();
        await owner.StatusIsAsync(status => status.IsOwner);
        var standby = await rig.StartPublisherAsync();
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => (i % 2 == 0 ? owner : standby).Publish($"m{i}", 1 + (i % 2))));
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.False(standby.Status.IsOwner);
        // The last confirms are stored a moment after the receipts; whoever is not the owner has the ledger count.
        await owner.FlushAsync(Cancel);
        await standby.FlushAsync(Cancel);
        Assert.Equal(50, (await rig.DeliveriesAsync()).Count);
        await rig.AssertNothingStoredAsync();
    }
}
