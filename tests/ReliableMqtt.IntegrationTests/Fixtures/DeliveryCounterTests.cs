using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

public sealed class DeliveryCounterTests
{
    [Fact]
    public async Task It_counts_by_message_id_and_payload()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var counter = await DeliveryCounter.StartAsync(broker.Port, "counted/#");
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        await client.PublishExactlyOnceAsync("counted/1", "p", 1, "id-1");
        await client.PublishExactlyOnceAsync("counted/2", "q", 2, "id-1");
        await client.PublishExactlyOnceAsync("elsewhere", "x", 3, "id-2");
        await client.PublishExactlyOnceAsync("counted/3", "q", 4);
        await Eventually.Async(() => counter.Count == 3, "all three are delivered");
        Assert.Equal(new Dictionary<string, int> { ["id-1"] = 2 }, counter.ByMessageId());
        Assert.Equal(new Dictionary<string, int> { ["p"] = 1, ["q"] = 2 }, counter.ByPayload());
        Assert.Equal(new Delivery(null, "counted/3", "q"), counter.Deliveries[2]);
    }

    [Fact]
    public async Task It_gets_what_was_published_while_it_was_away()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = CuttingProxy.Start(broker.Port);
        await using var counter = await DeliveryCounter.StartAsync(proxy.Port);
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        proxy.Refuses = true;
        proxy.Cut();
        for (ushort i = 1; i <= 200; i++) await client.PublishExactlyOnceAsync("t", $"m{i}", i);
        proxy.Refuses = false;
        await counter.HasDistinctAsync(200);
        Assert.Equal(Enumerable.Range(1, 200).Select(i => $"m{i}"), counter.Deliveries.Select(delivery => delivery.Payload));
        Assert.Equal(0, counter.LostSessions);
        Assert.True(counter.Connections >= 2);
    }

    [Fact]
    public async Task It_outlasts_a_restart_of_the_broker()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var counter = await DeliveryCounter.StartAsync(broker.Port);
        await broker.RestartAsync();
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        await client.PublishExactlyOnceAsync("t", "m", 1);
        await counter.HasDistinctAsync(1);
        Assert.Equal(0, counter.LostSessions);
    }

    [Theory]
    [InlineData(MqttControlPacketType.PubRec)]
    [InlineData(MqttControlPacketType.PubComp)]
    public async Task A_message_that_the_broker_sends_again_counts_once(MqttControlPacketType lost)
    {
        // The subscriber's own ack is lost and its connection cut: the broker has to repeat itself on the next one.
        await using var broker = await MosquittoBroker.StartAsync();
        var tap = new WireTap();
        await using var proxy = CuttingProxy.Start(broker.Port, tap);
        await using var counter = await DeliveryCounter.StartAsync(proxy.Port);
        var rule = tap.On(lost, TapAction.CutBefore);
        using var client = await RawClient.ConnectAsync(broker.Port, "a");
        await client.PublishExactlyOnceAsync("t", "m", 1, "id-1");
        await rule.Hit.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await tap.SeesAsync(
            packet => packet is { Type: MqttControlPacketType.PubComp, Direction: Direction.ToBroker, Passed: true }, "the end of the handshake");
        if (lost == MqttControlPacketType.PubRec) Assert.Equal(2, tap.Of(MqttControlPacketType.Publish, Direction.ToClient).Count);
        Assert.Equal(1, Assert.Single(counter.ByMessageId()).Value);
    }
}
