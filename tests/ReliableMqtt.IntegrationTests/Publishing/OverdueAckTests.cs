using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what happens when the broker does not answer: nobody waits for ever, nothing is resent on the living connection, nothing is lost.
public sealed class OverdueAckTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubAck, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRec, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp, 2)]
    [Conformance(16)]
    public async Task An_overdue_ack_leads_to_a_ping_then_to_a_new_connection_where_the_handshake_is_resumed(
        BrokerKind kind, MqttControlPacketType late, int qos)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync(options => options with { AckTimeout = TimeSpan.FromSeconds(1) });
        rig.Tap.On(late, TapAction.Drop);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m", qos)).Outcome);

        var onFirst = rig.Tap.Packets.Where(p => p is { Connection: Rig.First, Direction: Direction.ToBroker }).Select(packet => packet.Type).ToList();
        Assert.Equal([MqttControlPacketType.PingReq, MqttControlPacketType.Disconnect], onFirst[^2..]);
        await publisher.StatusIsAsync(status => status is { Reconnects: 1, Resumed: 1 });
        Assert.InRange((await rig.DeliveriesAsync()).Count, 1, qos == 1 ? 2 : 1);
    }

    [Fact]
    public async Task A_link_that_swallows_everything_is_given_up_when_no_pingresp_comes()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { AckTimeout = TimeSpan.FromSeconds(1) });
        rig.Proxy.Set(Direction.ToClient, Flow.Discard);
        var publishing = publisher.Publish("m");
        await rig.Tap.SeesAsync(packet => packet.Type == MqttControlPacketType.PingReq, "a PINGREQ");
        await Eventually.Async(() => rig.Proxy.ConnectionCount > Rig.First, "the link is given up, and another connection tried");
        rig.Proxy.Set(Direction.ToClient, Flow.Forward);
        rig.Proxy.Cut();
        Assert.Equal(PublishOutcome.Confirmed, (await publishing).Outcome);
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    [Conformance(4, 9)]
    public async Task A_caller_whose_time_is_over_learns_that_the_message_is_pending_and_it_is_confirmed_later()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var late = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold);
        var message = PublisherCalls.Message("m", 2, new PublishOptions
        {
            MessageId = new MessageId("id-1"),
            ConfirmTimeout = TimeSpan.FromMilliseconds(200),
        });
        var timeout = await PublisherCalls.FailsAsync(() => publisher.Publish(message), PublishFailure.ConfirmTimeout);
        Assert.Equal((PublishOutcome.Pending, "id-1", true), (timeout.Receipt.Outcome, timeout.Receipt.MessageId.Value, timeout.IsTransient));
        Assert.Contains("do not publish it again", timeout.Message, StringComparison.Ordinal);
        Assert.Equal(PublishOutcome.Pending, (await publisher.Receipt(timeout.Receipt.MessageId)).Outcome);

        // With the same id it is safe to call again: the second call waits for the first message, and its time is over just as well.
        var again = await PublisherCalls.FailsAsync(() => publisher.Publish(message), PublishFailure.ConfirmTimeout);
        Assert.Equal((PublishOutcome.Pending, true), (again.Receipt.Outcome, again.Receipt.IsDuplicate));
        Assert.Equal(PublishOutcome.Pending, (await publisher.TryPublishAsync(message, TestContext.Current.CancellationToken)).Outcome);

        var waiting = publisher.Publish(PublisherCalls.WithId("id-1", "m"));
        await late.ReleaseAsync();
        var end = await waiting;
        Assert.Equal((PublishOutcome.Confirmed, true), (end.Outcome, end.IsDuplicate));
        Assert.Single(rig.Publishes);
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    [Conformance(4)]
    public async Task Cancelling_ends_the_wait_and_not_the_delivery()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var late = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold, times: 2);
        using var cancel = new CancellationTokenSource();
        var publishing = publisher.PublishAsync(PublisherCalls.WithId("id-1", "m"), cancel.Token);
        var pending = await publisher.Enqueue("n");
        var waiting = pending.WaitForConfirmAsync(cancel.Token);
        await late.HitsAsync(2);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publishing);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        await late.ReleaseAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
        await Eventually.Async(async () => (await publisher.Receipt(new MessageId("id-1"))).Outcome == PublishOutcome.Confirmed, "the first is confirmed");
        Assert.Equal(2, (await rig.DeliveriesAsync()).Count);
    }
}
