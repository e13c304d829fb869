using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a message id of the application's is an idempotency key: one message, one delivery, and the same receipt for everybody.
public sealed class DuplicateIdTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task The_same_id_while_pending_and_after_the_confirm_is_one_message(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync();
        var late = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold);
        var message = PublisherCalls.WithId("alarm-4711", "m");
        var first = await publisher.EnqueueAsync(message, TestContext.Current.CancellationToken);
        var second = await publisher.EnqueueAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal((false, true), (first.IsDuplicate, second.IsDuplicate));
        Assert.Equal((PublishOutcome.Pending, first.MessageId), (second.Receipt.Outcome, second.MessageId));

        await late.HitAsync();
        await late.ReleaseAsync();
        Assert.Equal((PublishOutcome.Confirmed, false), await Of(first.Confirm()));
        Assert.Equal((PublishOutcome.Confirmed, true), await Of(second.Confirm()));
        Assert.Equal((PublishOutcome.Confirmed, true), await Of(publisher.Publish(message)));
        Assert.Equal(new Delivery("alarm-4711", PublisherCalls.Topic, "m"), Assert.Single(await rig.DeliveriesAsync()));
        Assert.Single(rig.Publishes);

        static async Task<(PublishOutcome, bool)> Of(Task<PublishReceipt> receipt) => ((await receipt).Outcome, (await receipt).IsDuplicate);
    }

    [Fact]
    public async Task Fifty_calls_at_once_with_one_id_are_one_message()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.StartPublisherAsync();
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => publisher.Publish(PublisherCalls.WithId("id-1", "m"))));
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Equal(49, receipts.Count(receipt => receipt.IsDuplicate));
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    public async Task The_same_id_after_a_refusal_gives_the_refusal()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        rig.Tap.On(MqttControlPacketType.Publish, TapAction.Answer(packet => Forge.AnswerTo(packet, 0x87)));
        var message = PublisherCalls.WithId("id-1", "m");
        await Assert.ThrowsAsync<PublishRejectedException>(() => publisher.Publish(message));
        var again = await Assert.ThrowsAsync<PublishRejectedException>(() => publisher.Publish(message));
        Assert.Equal(((byte)0x87, true), (again.ReasonCode, again.Receipt.IsDuplicate));
        Assert.Empty(await rig.DeliveriesAsync());
    }

    [Fact]
    public async Task The_next_process_knows_the_ids_and_receipts_of_the_one_before()
    {
        await using var rig = await Rig.StartAsync();
        var before = await rig.ConnectPublisherAsync();
        var automatic = await before.Publish("a");
        await before.Publish(PublisherCalls.WithId("id-1", "b"));
        await rig.CrashAsync(before);

        var next = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await next.Receipt(automatic.MessageId)).Outcome);
        var again = await next.Publish(PublisherCalls.WithId("id-1", "b"));
        Assert.Equal((PublishOutcome.Confirmed, true), (again.Outcome, again.IsDuplicate));
        Assert.Equal(2, (await rig.DeliveriesAsync()).Count);
        Assert.Equal(PublishOutcome.Unknown, (await next.Receipt(new MessageId("never"))).Outcome);
    }
}
