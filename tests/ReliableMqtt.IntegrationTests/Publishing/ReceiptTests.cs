using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what a receipt says when nothing goes wrong.
public sealed class ReceiptTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto, 1)]
    [InlineData(BrokerKind.Mosquitto, 2)]
    [InlineData(BrokerKind.Embedded, 1)]
    [InlineData(BrokerKind.Embedded, 2)]
    public async Task A_stored_message_is_confirmed_and_its_id_arrives_with_it(BrokerKind kind, int qos)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync();
        var confirmed = new TaskCompletionSource<PublishReceipt>();
        publisher.ConfirmedAsync += raised =>
        {
            confirmed.TrySetResult(raised);
            return Task.CompletedTask;
        };
        var receipt = await publisher.Publish("m", qos);

        Assert.Equal((PublishOutcome.Confirmed, 1, (byte)0), (receipt.Outcome, receipt.Attempts, receipt.ReasonCode));
        Assert.Equal((PublisherCalls.Topic, (MqttQualityOfServiceLevel)qos), (receipt.Topic, receipt.QualityOfService));
        Assert.True(receipt.IsFinal && receipt.MessageId.IsAutomatic && receipt.ConfirmedAt >= receipt.AcceptedAt);
        Assert.False(receipt.IsDuplicate || receipt.NoMatchingSubscribers);
        Assert.Equal([new Delivery(receipt.MessageId.Value, PublisherCalls.Topic, "m")], await rig.DeliveriesAsync());
        Assert.Equal(receipt, await confirmed.Task.WaitAsync(TestContext.Current.CancellationToken));

        await Eventually.Async(async () => (await publisher.Receipt(receipt.MessageId)).Outcome == PublishOutcome.Confirmed, "the ledger knows");
        await publisher.StatusIsAsync(status => status is { Confirmed: 1, Pending: 0, InFlight: 0, OldestAge: null });
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Qos_0_is_sent_and_never_stored(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync();
        var receipt = await publisher.Publish("m", qos: 0);
        Assert.Equal((PublishOutcome.Sent, 1, true), (receipt.Outcome, receipt.Attempts, receipt.MessageId.IsEmpty));
        var named = await publisher.Publish(PublisherCalls.WithId("id-1", "n", qos: 0));
        Assert.Equal((PublishOutcome.Sent, "id-1"), (named.Outcome, named.MessageId.Value));

        await rig.Counter.HasDistinctAsync(2);
        Assert.Equal([new(null, PublisherCalls.Topic, "m"), new Delivery("id-1", PublisherCalls.Topic, "n")], await rig.DeliveriesAsync());
        Assert.Equal(PublishOutcome.Unknown, (await publisher.Receipt(named.MessageId)).Outcome);
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task A_message_that_nobody_subscribes_to_is_confirmed_and_says_so()
    {
        await using var rig = await Rig.StartAsync(counting: false);
        var publisher = await rig.ConnectPublisherAsync();
        var receipt = await publisher.Publish(PublisherCalls.WithId("id-1", "m", qos: 1));
        Assert.Equal((PublishOutcome.Confirmed, (byte)0x10, true), (receipt.Outcome, receipt.ReasonCode, receipt.NoMatchingSubscribers));
        await Eventually.Async(async () => (await publisher.Receipt(receipt.MessageId)).NoMatchingSubscribers, "the ledger knows");
    }

    [Fact]
    public async Task A_pubrec_that_nobody_subscribes_is_followed_by_pubrel_and_told()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        // mosquitto finds out at PUBREL; others say so in PUBREC, to which PUBREL belongs all the same (MQTT 5 §4.3.3).
        rig.Tap.On(MqttControlPacketType.Publish, TapAction.Answer(packet => Forge.AnswerTo(packet, 0x10)));
        rig.Tap.On(MqttControlPacketType.PubRel, TapAction.Answer(packet => Forge.Ack(MqttControlPacketType.PubComp, packet.PacketId)));
        var receipt = await publisher.Publish("m");
        Assert.Equal((PublishOutcome.Confirmed, (byte)0x10, true), (receipt.Outcome, receipt.ReasonCode, receipt.NoMatchingSubscribers));
        Assert.Single(rig.PubRels);
    }
}
