using System.Collections.Concurrent;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what the client of the same connection does beside the publisher, and what it refuses.
public sealed class ClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Not with the embedded broker: as a sender it begins a half-done handshake again under another packet id.
    [Fact]
    public async Task It_receives_qos_2_once_across_cuts_while_the_publisher_publishes()
    {
        await using var rig = await Rig.StartAsync(counting: false);
        var received = new ConcurrentQueue<string>();
        var publisher = await rig.ConnectPublisherAsync(options => options with { ConfigureClient = client => Collect(client, received), MaxInFlight = 20 });
        await publisher.Client.SubscribeAsync("t", MqttQualityOfServiceLevel.ExactlyOnce, Cancel);

        // Each kind of packet of the receiving handshake is lost once, the PUBLISH and the PUBREL of the broker, and our answers to them.
        foreach (var lost in (MqttControlPacketType[])[MqttControlPacketType.Publish, MqttControlPacketType.PubRec, MqttControlPacketType.PubComp])
        {
            var direction = lost == MqttControlPacketType.Publish ? Direction.ToClient : Direction.ToBroker;
            var rule = rig.Tap.On(packet => packet.Type == lost && packet.Direction == direction, TapAction.CutBefore);
            await publisher.PublishAll($"{lost}-", 50);
            await rule.HitAsync();
        }

        await Eventually.Async(() => received.Count >= 150, () => $"150 messages, there are {received.Count}");
        await publisher.Publish("last");
        await Eventually.Async(() => received.Contains("last"), "the last message");
        Assert.Equal(151, received.Count);
        Assert.Equal(151, received.Distinct().Count());
        await publisher.StatusIsAsync(status => status.Reconnects >= 3);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Its_subscriptions_are_renewed_when_the_broker_has_lost_the_session(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind, counting: false);
        var received = new ConcurrentQueue<string>();
        var publisher = await rig.ConnectPublisherAsync(options => options with { ConfigureClient = client => Collect(client, received) });
        await publisher.Client.SubscribeAsync("t", MqttQualityOfServiceLevel.ExactlyOnce, Cancel);
        await rig.ReplaceBrokerAsync();
        await rig.Tap.SeesAsync(packet => packet is { Type: MqttControlPacketType.SubAck, Connection: Rig.Second }, "the renewed subscription");
        await publisher.Publish("m");
        await Eventually.Async(() => received.Count == 1, "the message arrives");
    }

    [Fact]
    public async Task What_would_go_past_the_ledger_is_refused_and_the_connection_stays()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var client = publisher.Client;
        foreach (var qos in (MqttQualityOfServiceLevel[])[MqttQualityOfServiceLevel.AtLeastOnce, MqttQualityOfServiceLevel.ExactlyOnce])
        {
            var message = new MqttApplicationMessageBuilder().WithTopic("t").WithQualityOfServiceLevel(qos).Build();
            Refused(await Assert.ThrowsAsync<InvalidOperationException>(() => client.PublishAsync(message, Cancel)), "PublishAsync");
        }

        Refused(await Assert.ThrowsAsync<InvalidOperationException>(() => client.ConnectAsync(new MqttClientOptions(), Cancel)), "ReconnectAsync");
        Refused(await Assert.ThrowsAsync<InvalidOperationException>(() => client.DisconnectAsync(new MqttClientDisconnectOptions(), Cancel)), "DisposeAsync");
        Refused(Assert.Throws<InvalidOperationException>(client.Dispose), "DisposeAsync");

        await client.PublishStringAsync("t", "zero", cancellationToken: Cancel);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("two")).Outcome);
        await rig.Counter.HasDistinctAsync(2);
        Assert.Equal((true, 0), (client.IsConnected, publisher.Status.Reconnects));

        static void Refused(Exception error, string instead) => Assert.Contains($"ReliablePublisher.{instead}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance(1)]
    public async Task Its_subscribes_share_the_connection_with_hundreds_of_publishes()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var publishing = Task.WhenAll(publisher.PublishAll("two-", 300), publisher.PublishAll("one-", 300, qos: 1));
        for (var i = 0; i < 100; i++)
        {
            await publisher.Client.SubscribeAsync($"other/{i}", cancellationToken: Cancel);
            await publisher.Client.UnsubscribeAsync($"other/{i}", Cancel);
        }

        await publishing;
        Assert.Equal(600, (await rig.DeliveriesAsync()).Distinct().Count());
        var subscribes = rig.Tap.Packets.Where(packet => packet.Type is MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe);
        Assert.Empty(subscribes.Select(packet => packet.PacketId).Intersect(rig.Publishes.Select(packet => packet.PacketId)));
    }

    private static void Collect(IMqttClient client, ConcurrentQueue<string> received) => client.ApplicationMessageReceivedAsync += args =>
    {
        received.Enqueue(args.ApplicationMessage.ConvertPayloadToString());
        return Task.CompletedTask;
    };
}
