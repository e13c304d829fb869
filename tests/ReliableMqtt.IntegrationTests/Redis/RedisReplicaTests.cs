using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>A replica takes the place of its primary: nothing that it had got is lost, and the publisher finds it by itself.</summary>
public sealed class RedisReplicaTests
{
    private static readonly TimeSpan PromotedIsFoundWithin = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_that_is_promoted_in_mid_traffic_goes_on_where_its_primary_was_killed()
    {
        await using var pair = await RedisPair.StartAsync();
        await SteadyPublishing.RunAsync(() => new RedisAckLedger(pair.Address), async () =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(300), Cancel);
            await pair.KillPrimaryAsync();
            await pair.PromoteAsync();
        }, seemsLost: false);
    }

    [Fact]
    public async Task While_there_is_no_primary_nobody_is_told_what_a_replica_says()
    {
        await using var pair = await RedisPair.StartAsync();
        await using var ledger = new RedisAckLedger(pair.Address);
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        MessageId id = new("alarm-4711");
        await ledger.AcceptAsync([new LedgerRecord { Topic = "t", MessageId = id, QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce }], Cancel);
        await pair.KillPrimaryAsync();
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync([id], Cancel));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.GetStatisticsAsync(Cancel));

        var promoted = TimeProvider.System.GetTimestamp();
        await pair.PromoteAsync();
        await Eventually.Async(async () =>
        {
            try
            {
                return (await ledger.FindAsync([id], Cancel))[0].Status == LedgerStatus.Pending;
            }
            catch (LedgerUnavailableException)
            {
                return false;
            }
        }, "the promoted replica answers", PromotedIsFoundWithin);
        TestContext.Current.TestOutputHelper?.WriteLine($"found {TimeProvider.System.GetElapsedTime(promoted).TotalSeconds:0.0} s after its promotion");
    }
}
