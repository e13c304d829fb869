using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a limit which the connected broker has stated is an error before anything is stored, and one met later a dead letter.
public sealed class BrokerLimitTests
{
    [Fact]
    [Conformance(26, 27)]
    public async Task A_message_that_the_connected_broker_cannot_take_is_refused_and_not_stored()
    {
        await using var rig = await StartLimitedAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var qos = await FailsAsync(publisher, PublisherCalls.Message("m", qos: 2), PublishFailure.NotSupportedByBroker);
        Assert.Contains("QoS 1", qos.Message, StringComparison.Ordinal);
        foreach (var level in (int[])[0, 1])
        {
            var retained = PublisherCalls.Message("m", level, new PublishOptions { Retain = true });
            await FailsAsync(publisher, retained, PublishFailure.NotSupportedByBroker);
            await FailsAsync(publisher, PublisherCalls.Message(new string('x', 2000), level), PublishFailure.MessageTooLarge);
        }

        await rig.AssertNothingStoredAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish(new string('x', 1500), qos: 1)).Outcome);
        Assert.All(rig.Publishes, packet => Assert.Equal(1500, packet.Payload!.Length));
    }

    [Fact]
    [Conformance(26, 27)]
    public async Task What_was_accepted_before_the_limit_was_known_becomes_a_dead_letter_and_the_others_go_on()
    {
        await using var rig = await StartLimitedAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        PendingPublish[] dead =
        [
            await publisher.Enqueue("two", qos: 2),
            await publisher.Enqueue("retained", qos: 1, new PublishOptions { Retain = true }),
            await publisher.Enqueue(new string('x', 2000), qos: 1),
        ];
        var fine = await publisher.Enqueue("fine", qos: 1);
        rig.Proxy.Refuses = false;

        Assert.Equal(PublishOutcome.Confirmed, (await fine.Confirm()).Outcome);
        foreach (var pending in dead)
        {
            var end = await pending.Confirm();
            Assert.Equal((PublishOutcome.DeadLettered, (byte?)null), (end.Outcome, end.ReasonCode));
        }

        var letters = await rig.Ledger.ListDeadLettersAsync(null, 10, TestContext.Current.CancellationToken);
        Assert.Equal(dead.Select(pending => pending.MessageId), letters.Items.Select(letter => letter.Record.MessageId));
        Assert.All(letters.Items, letter => Assert.Equal(DeadLetterCause.BrokerLimit, letter.Reason.Cause));
        Assert.Equal("fine", Assert.Single(rig.Publishes).Payload);
        await publisher.StatusIsAsync(status => status is { DeadLettered: 3, Pending: 0 });
    }

    [Fact]
    public async Task Qos_0_without_a_connection_is_refused()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var failure = await FailsAsync(publisher, PublisherCalls.Message("m", qos: 0), PublishFailure.NotConnected);
        Assert.True(failure.IsTransient);
        Assert.Equal(PublishOutcome.NotAccepted, (await publisher.TryPublish("m", qos: 0)).Outcome);
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task A_message_that_expires_before_it_can_be_sent_is_told_so()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var short_ = publisher.Publish("short", 2, new PublishOptions { MessageExpiry = TimeSpan.FromSeconds(1) });
        var long_ = publisher.Publish("long", 2, new PublishOptions { MessageExpiry = TimeSpan.FromHours(1) });
        var expired = await PublisherCalls.FailsAsync(() => short_, PublishFailure.Expired);
        Assert.Equal(PublishOutcome.Expired, expired.Receipt.Outcome);
        rig.Proxy.Refuses = false;
        Assert.Equal(PublishOutcome.Confirmed, (await long_).Outcome);
        Assert.Equal("long", Assert.Single(await rig.DeliveriesAsync()).Payload);
    }

    private static Task<Rig> StartLimitedAsync() => Rig.StartAsync(
        settings: new MosquittoSettings { ExtraLines = ["max_qos 1", "retain_available false", "max_packet_size 1700"] }, counting: false);

    private static async Task<ReliablePublishException> FailsAsync(ReliablePublisher publisher, PublishMessage message, PublishFailure reason)
    {
        var failure = await PublisherCalls.FailsAsync(() => publisher.Publish(message), reason);
        Assert.Equal(PublishOutcome.NotAccepted, failure.Receipt.Outcome);
        return failure;
    }
}
