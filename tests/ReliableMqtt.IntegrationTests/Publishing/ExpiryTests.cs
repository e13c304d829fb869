using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that what has expired unsent is told so, wherever it stood, and never arrives; and that the broker is told what is left.
public sealed class ExpiryTests
{
    private static readonly PublishOptions OneSecond = new() { MessageExpiry = TimeSpan.FromSeconds(1) };

    [Fact]
    public async Task One_in_the_middle_of_the_backlog_is_never_sent_and_its_waiter_is_told_when_it_comes_to_the_head()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var first = publisher.Publish("first");
        var middle = publisher.TryPublish("middle", options: OneSecond);
        var long_ = publisher.Publish("long", options: new PublishOptions { MessageExpiry = TimeSpan.FromHours(1) });
        var head = await publisher.TryPublish("later", options: OneSecond with { ConfirmTimeout = TimeSpan.FromSeconds(2) });
        Assert.Equal(PublishOutcome.Pending, head.Outcome); // It stands behind others, and so is still there.
        rig.Proxy.Refuses = false;

        Assert.Equal(PublishOutcome.Confirmed, (await first).Outcome);
        Assert.Equal(PublishOutcome.Expired, (await middle).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await long_).Outcome);
        await publisher.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(PublishOutcome.Expired, (await publisher.Receipt(head.MessageId)).Outcome);
        Assert.Equal(["first", "long"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
        Assert.Equal(["first", "long"], rig.Publishes.Select(packet => packet.Payload));
    }

    [Fact]
    public async Task The_head_is_told_at_its_time_and_a_shorter_wait_says_that_it_may_still_expire()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        // A lease that is renewed too seldom to be what wakes the publisher.
        var publisher = await rig.StartPublisherAsync(options => options with { LeaseDuration = TimeSpan.FromMinutes(10) });
        var waiting = publisher.TryPublish("head", options: OneSecond with { ConfirmTimeout = TimeSpan.FromSeconds(20) });
        await publisher.StatusIsAsync(status => status is { IsOwner: true, Pending: 1 }); // The short wait is neither for the lease nor for the ledger.
        var impatient = await PublisherCalls.FailsAsync(
            () => publisher.Publish("next", options: OneSecond with { ConfirmTimeout = TimeSpan.FromMilliseconds(200) }), PublishFailure.ConfirmTimeout);
        Assert.Contains("unless it expires before it can be sent", impatient.Message, StringComparison.Ordinal);

        Assert.Equal(PublishOutcome.Expired, (await waiting).Outcome);
        await Eventually.Async(
            async () => (await publisher.Receipt(impatient.Receipt.MessageId)).Outcome == PublishOutcome.Expired, "the end of the one that was waited for too shortly");
    }

    [Fact]
    [Conformance(13)]
    public async Task What_was_sent_does_not_expire_and_the_broker_is_told_what_is_left_of_the_others()
    {
        await using var rig = await Rig.StartAsync();
        using var subscriber = await Subscriber.StartAsync(rig.Broker.Port);
        var publisher = await rig.ConnectPublisherAsync();
        var lost = rig.Tap.On(packet => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToBroker }, TapAction.Drop);
        var sent = await publisher.Enqueue("sent", options: OneSecond);
        await lost.HitAsync();
        rig.Proxy.Refuses = true;
        rig.Proxy.Cut();
        await publisher.StatusIsAsync(status => status.Connection != ConnectionState.Connected); // What comes from here on waits in the backlog.
        var waiting = await publisher.Enqueue("waiting", options: new PublishOptions { MessageExpiry = TimeSpan.FromSeconds(1000) });
        var expired = await publisher.TryPublish("expired", options: OneSecond with { ConfirmTimeout = TimeSpan.FromSeconds(3) });
        rig.Proxy.Refuses = false;

        Assert.Equal(PublishOutcome.Confirmed, (await sent.Confirm()).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await waiting.Confirm()).Outcome);
        Assert.NotEqual(PublishOutcome.Confirmed, expired.Outcome);
        var first = await subscriber.NextAsync();
        var second = await subscriber.NextAsync();
        Assert.Equal("sent", first.ConvertPayloadToString());
        Assert.Equal("waiting", second.ConvertPayloadToString());
        Assert.InRange(second.MessageExpiryInterval, 900u, 998u); // Three seconds were waited.
    }
}
