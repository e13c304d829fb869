using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that a link that ends in the middle of a packet, in either direction, again and again, loses and duplicates nothing.
public sealed class LinkCutTests
{
    private const int Messages = 150;
    private const int Cuts = 12;

    [Theory]
    [InlineData(BrokerKind.Mosquitto, 2, 1)]
    [InlineData(BrokerKind.Mosquitto, 2, 2)]
    [InlineData(BrokerKind.Mosquitto, 1, 3)]
    [InlineData(BrokerKind.Embedded, 2, 4)]
    [InlineData(BrokerKind.Embedded, 1, 5)]
    public async Task Cuts_at_random_bytes_lose_nothing(BrokerKind kind, int qos, int seed)
    {
        var random = new Random(seed);
        await using var rig = await Rig.StartAsync(kind);
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxInFlight = 20 });
        var done = 0;
        var cutting = CutAsync(rig, random, () => done == 1);
        try
        {
            await publisher.PublishAll("m", Messages, qos);
            // Those that are left may not come any more: the messages were faster.
        }
        finally
        {
            Interlocked.Exchange(ref done, 1);
        }

        Assert.InRange(await cutting, 1, Cuts);
        var counts = (await rig.DeliveriesAsync()).CountBy(delivery => delivery.Payload).ToDictionary();
        Assert.True(counts.Count == Messages, $"seed {seed}: {counts.Count} of {Messages} messages have arrived");
        if (qos == 2) Assert.All(counts, pair => Assert.True(pair.Value == 1, $"seed {seed}: {pair.Key} came {pair.Value} times"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(40)]
    public async Task A_publish_cut_after_so_many_bytes_is_sent_again(int bytes)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        rig.Proxy.CutAfter(Direction.ToBroker, bytes);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish(new string('x', 200))).Outcome);
        await publisher.StatusIsAsync(status => status.Reconnects == 1);
        Assert.Single(await rig.DeliveriesAsync());
        Assert.Equal([false, true], rig.Publishes.Select(packet => packet.Dup));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)] // PUBREC has 4 bytes: the second one is PUBCOMP.
    public async Task An_ack_cut_after_so_many_bytes_does_not_count(int bytes)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        rig.Proxy.CutAfter(Direction.ToClient, bytes);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
        await publisher.StatusIsAsync(status => status is { Reconnects: 1, Resumed: 1 });
        Assert.Equal(bytes < 4 ? 2 : 1, rig.Publishes.Count);
        Assert.Equal(bytes < 4 ? 1 : 2, rig.PubRels.Count);
        Assert.Single(await rig.DeliveriesAsync());
    }

    /// <returns>How many connections were cut.</returns>
    private static async Task<int> CutAsync(Rig rig, Random random, Func<bool> isDone)
    {
        for (var cut = 1; cut <= Cuts; cut++)
        {
            var connections = rig.Proxy.ConnectionCount;
            rig.Proxy.CutAfter(random.Next(2) == 0 ? Direction.ToBroker : Direction.ToClient, random.Next(1, 400));
            await Eventually.Async(() => isDone() || rig.Proxy.ConnectionCount > connections, "the next connection");
            if (isDone()) return cut;
        }

        return Cuts;
    }
}
