using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that accepting, waiting and batches answer each message for itself, and in input order.
public sealed class EnqueueTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Enqueue_returns_before_the_confirm_which_can_be_waited_for_by_several(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync();
        var late = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold);
        var pending = await publisher.Enqueue("m");
        Assert.Equal((PublishOutcome.Pending, false, 0), (pending.Receipt.Outcome, pending.IsDuplicate, pending.Receipt.Attempts));
        Task<PublishReceipt>[] waiting = [pending.Confirm(), pending.Confirm(), pending.Confirm()];
        await late.HitAsync();
        Assert.DoesNotContain(waiting, wait => wait.IsCompleted);
        await publisher.StatusIsAsync(status => status.Pending == 1);

        await late.ReleaseAsync();
        foreach (var end in await Task.WhenAll(waiting))
            Assert.Equal((PublishOutcome.Confirmed, pending.MessageId, 1), (end.Outcome, end.MessageId, end.Attempts));
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);
    }

    [Fact]
    public async Task A_batch_gives_one_receipt_a_message_in_input_order_whatever_their_ends()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { Ordering = PublishOrdering.None });
        rig.Tap.On(packet => packet.Payload == "refused", TapAction.Answer(packet => Forge.AnswerTo(packet, 0x87)));
        rig.Tap.On(packet => packet is { Payload: "late" }, TapAction.Drop);
        PublishMessage[] batch =
        [
            PublisherCalls.Message("late", 1, new PublishOptions { ConfirmTimeout = TimeSpan.FromMilliseconds(300) }),
            PublisherCalls.Message("two"),
            PublisherCalls.Message("refused", 1),
            PublisherCalls.Message("zero", 0),
            PublisherCalls.WithId("id-1", "named"),
            PublisherCalls.WithId("id-1", "the same"),
            PublisherCalls.Message("one", 1),
        ];
        var receipts = await publisher.PublishBatchAsync(batch, Cancel);
        Assert.Equal(
            [
                PublishOutcome.Pending, PublishOutcome.Confirmed, PublishOutcome.Rejected, PublishOutcome.Sent, PublishOutcome.Confirmed,
                PublishOutcome.Confirmed, PublishOutcome.Confirmed,
            ],
            receipts.Select(receipt => receipt.Outcome));
        // A receipt of an earlier message does not know what that one was.
        Assert.Equal([1, 2, 1, 0, 2, null, 1], receipts.Select(receipt => (int?)receipt.QualityOfService));
        Assert.Equal([false, false, false, false, false, true, false], receipts.Select(receipt => receipt.IsDuplicate));
        Assert.Equal(["named", "one", "two", "zero"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).Order());
    }

    [Fact]
    public async Task An_enqueued_batch_is_accepted_and_sent_in_input_order()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var batch = Enumerable.Range(0, 300).Select(i => PublisherCalls.Message($"m{i}", 1 + (i % 2))).ToList();
        var pending = await publisher.EnqueueBatchAsync(batch, Cancel);
        Assert.All(pending, one => Assert.Equal(PublishOutcome.Pending, one.Receipt.Outcome));
        Assert.All(await Task.WhenAll(pending.Select(one => one.Confirm())), end => Assert.Equal(PublishOutcome.Confirmed, end.Outcome));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"m{i}"), rig.Publishes.Select(packet => packet.Payload));
        var deliveries = (await rig.DeliveriesAsync()).ToDictionary(delivery => delivery.MessageId!, delivery => delivery.Payload);
        Assert.Equal(pending.Select((one, i) => $"m{i}"), pending.Select(one => deliveries[one.MessageId.Value]));
    }

    [Fact]
    public async Task A_batch_with_an_invalid_message_stores_none()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        PublishMessage[] batch = [PublisherCalls.Message("fine"), PublisherCalls.Message("bad", topic: "no/#")];
        await PublisherCalls.FailsAsync(() => publisher.EnqueueBatchAsync(batch, Cancel), PublishFailure.InvalidMessage);
        await PublisherCalls.FailsAsync(() => publisher.PublishBatchAsync(batch, Cancel), PublishFailure.InvalidMessage);
        await PublisherCalls.FailsAsync(() => publisher.TryPublishAsync(batch[1], Cancel), PublishFailure.InvalidMessage);
        await rig.AssertNothingStoredAsync();
        Assert.Empty(await rig.DeliveriesAsync());
        Assert.Empty(await publisher.PublishBatchAsync([], Cancel));
        Assert.Empty(await publisher.EnqueueBatchAsync([], Cancel));
    }
}
