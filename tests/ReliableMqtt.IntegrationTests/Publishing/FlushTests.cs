using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what a flush waits for: all that was accepted before it, and nothing that came later.
public sealed class FlushTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flush_waits_for_what_came_before_it_and_not_for_what_came_after()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var before = rig.Tap.On(MqttControlPacketType.PubAck, TapAction.Withhold);
        var after = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold);
        await publisher.Enqueue("before", qos: 1);
        await before.HitAsync();
        var flush = publisher.FlushAsync(Cancel);
        var later = await publisher.Enqueue("after", qos: 2);
        await after.HitAsync();
        Assert.False(flush.IsCompleted);

        await before.ReleaseAsync();
        await flush.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(PublishOutcome.Pending, (await publisher.Receipt(later.MessageId)).Outcome);
        await after.ReleaseAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await later.Confirm()).Outcome);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task After_a_flush_everything_is_at_the_broker_also_what_was_accepted_without_one(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        for (var i = 0; i < 100; i++) await publisher.Enqueue($"m{i}");
        var flush = publisher.FlushAsync(Cancel);
        await publisher.StatusIsAsync(status => status.Pending == 100);
        rig.Proxy.Refuses = false;
        await flush;
        Assert.Equal(100, (await rig.DeliveriesAsync()).Distinct().Count());
        await publisher.StatusIsAsync(status => status.Pending == 0);
    }

    [Fact]
    public async Task A_flush_with_nothing_pending_returns_and_one_that_is_cancelled_throws()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        await publisher.FlushAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await publisher.Enqueue("m");
        using var cancel = new CancellationTokenSource();
        var flush = publisher.FlushAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
    }
}
