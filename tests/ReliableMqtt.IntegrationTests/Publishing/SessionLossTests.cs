using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what becomes of messages in flight when the broker has forgotten the session, under each policy.
public sealed class SessionLossTests
{
    private const int Window = 20;

    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubAck, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRec, 2)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubComp, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubAck, 1)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubRec, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp, 2)]
    [Conformance(17)]
    public async Task Republish_sends_it_as_a_new_message_and_nothing_is_lost(BrokerKind kind, MqttControlPacketType lost, int qos)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync();
        var pending = await LoseSessionAsync(rig, publisher, lost, qos);
        Assert.Equal(PublishOutcome.Confirmed, (await pending.Confirm()).Outcome);

        Assert.Equal([(Rig.First, false), (Rig.Second, false)], rig.Publishes.Select(packet => (packet.Connection, packet.Dup)));
        var connected = await rig.Tap.SeesAsync(
            packet => packet is { Connection: Rig.Second, Type: MqttControlPacketType.ConnAck }, "the CONNACK of the other broker");
        Assert.False(connected.SessionPresent);
        var firstSent = rig.Tap.Packets.First(packet => packet is { Connection: Rig.Second, Direction: Direction.ToBroker, PacketId: > 0 });
        Assert.Equal(MqttControlPacketType.Publish, firstSent.Type);
        Assert.Equal("m", Assert.Single(await rig.DeliveriesAsync()).Payload);
        Assert.Equal(0, publisher.Status.DeadLettered);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubAck, 1)]
    [InlineData(BrokerKind.Mosquitto, MqttControlPacketType.PubRec, 2)]
    [InlineData(BrokerKind.Embedded, MqttControlPacketType.PubComp, 2)]
    [Conformance(17)]
    public async Task DeadLetter_gives_it_up_and_says_so_everywhere(BrokerKind kind, MqttControlPacketType lost, int qos)
    {
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync(options => options with { SessionLossPolicy = SessionLossPolicy.DeadLetter });
        var raised = new TaskCompletionSource<PublishReceipt>();
        publisher.DeadLetteredAsync += receipt =>
        {
            raised.TrySetResult(receipt);
            return Task.CompletedTask;
        };
        var pending = await LoseSessionAsync(rig, publisher, lost, qos);
        var end = await pending.Confirm();
        Assert.Equal((PublishOutcome.DeadLettered, (byte?)null, true), (end.Outcome, end.ReasonCode, end.IsFinal));
        Assert.Contains("lost the session", end.ReasonString, StringComparison.Ordinal);
        Assert.Equal(end.MessageId, (await raised.Task.WaitAsync(TestContext.Current.CancellationToken)).MessageId);
        Assert.Equal(PublishOutcome.DeadLettered, (await publisher.Receipt(pending.MessageId)).Outcome);

        var letter = Assert.Single((await rig.Ledger.ListDeadLettersAsync(null, 10, TestContext.Current.CancellationToken)).Items);
        Assert.Equal((pending.MessageId, DeadLetterCause.SessionLost), (letter.Record.MessageId, letter.Reason.Cause));

        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("next")).Outcome);
        Assert.Equal("next", Assert.Single(await rig.DeliveriesAsync()).Payload);
        await publisher.StatusIsAsync(status => status is { DeadLettered: 1, Pending: 0 });
    }

    [Theory]
    [InlineData(SessionLossPolicy.Republish)]
    [InlineData(SessionLossPolicy.DeadLetter)]
    public async Task Only_what_was_in_flight_is_touched(SessionLossPolicy policy)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { SessionLossPolicy = policy });
        var withheld = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop, Window);
        var pending = new List<PendingPublish>();
        for (var i = 0; i < 100; i++) pending.Add(await publisher.Enqueue($"m{i}"));
        await withheld.HitsAsync(Window);
        await rig.ReplaceBrokerAsync();

        var ends = await Task.WhenAll(pending.Select(one => one.Confirm()));
        var givenUp = policy == SessionLossPolicy.DeadLetter ? Window : 0;
        Assert.All(ends[..givenUp], end => Assert.Equal(PublishOutcome.DeadLettered, end.Outcome));
        Assert.All(ends[givenUp..], end => Assert.Equal(PublishOutcome.Confirmed, end.Outcome));
        Assert.Equal(Enumerable.Range(givenUp, 100 - givenUp).Select(i => $"m{i}"), (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    /// <summary>Gets a message to the point where this packet is lost, and then puts another broker there.</summary>
    private static async Task<PendingPublish> LoseSessionAsync(Rig rig, ReliablePublisher publisher, MqttControlPacketType lost, int qos)
    {
        var rule = rig.Tap.On(lost, TapAction.Drop);
        var pending = await publisher.Enqueue("m", qos);
        await rule.HitAsync();
        await rig.ReplaceBrokerAsync();
        return pending;
    }
}
