using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what happens when the broker wants no connection of this client: messages are kept, and a reconnect that is asked for brings it back.
public sealed class RefusedConnectionTests
{
    private const byte NotAuthorized = 0x87;
    private const byte SessionTakenOver = 0x8E;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_publisher_that_is_not_authorized_is_faulted_accepts_all_the_same_and_comes_back_when_asked_to()
    {
        await using var rig = await Rig.StartAsync();
        var refusals = rig.Tap.On(MqttControlPacketType.Connect, TapAction.Answer(_ => [0x20, 3, 0, NotAuthorized, 0]), times: 2);
        var publisher = await rig.StartPublisherAsync();
        await Eventually.Async(() => publisher.Status.Connection == ConnectionState.Faulted, "the publisher is faulted");
        var pending = await publisher.Enqueue("m");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => publisher.ReconnectAsync(Cancel));
        Assert.Contains("0x87", refused.Message, StringComparison.Ordinal);
        Assert.Equal((2, ConnectionState.Faulted), (refusals.Hits, publisher.Status.Connection));

        await publisher.ReconnectAsync(Cancel);
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    public async Task A_busy_broker_is_asked_again_by_itself()
    {
        await using var rig = await Rig.StartAsync();
        const byte ServerBusy = 0x89;
        var refusals = rig.Tap.On(MqttControlPacketType.Connect, TapAction.Answer(_ => [0x20, 3, 0, ServerBusy, 0]), times: 3);
        var publisher = await rig.StartPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
        Assert.Equal(3, refusals.Hits);
    }

    [Fact]
    public async Task A_publisher_whose_session_was_taken_over_stays_away_until_it_is_asked_to_come_back()
    {
        // mosquitto 2.0.11 closes the connection without telling why; the embedded broker sends DISCONNECT.
        await using var rig = await Rig.StartAsync(BrokerKind.Embedded);
        var publisher = await rig.ConnectPublisherAsync();
        var taken = new TaskCompletionSource<ConnectionStateChange>();
        publisher.ConnectionStateChangedAsync += change =>
        {
            taken.TrySetResult(change);
            return Task.CompletedTask;
        };
        var lost = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop);
        var pending = await publisher.Enqueue("m");
        await lost.HitAsync();
        using (await RawClient.ConnectAsync(rig.Broker.Port, Rig.PublisherId))
        {
            var change = await taken.Task.WaitAsync(Cancel);
            Assert.Equal((ConnectionState.Fenced, SessionTakenOver), (change.State, change.ReasonCode));
            Assert.Equal(PublishOutcome.Pending, (await publisher.Receipt(pending.MessageId)).Outcome);
        }

        await publisher.ReconnectAsync(Cancel);
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
        Assert.Equal([false, true], rig.Publishes.Select(packet => packet.Dup));
        Assert.Single(await rig.DeliveriesAsync());
    }
}
