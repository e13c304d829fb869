using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that the broker's window is kept, and that handshakes which fill it are brought to their end instead of blocking it for ever.
public sealed class WindowTests
{
    private const int Window = 20;

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    [Conformance(15, 23)]
    public async Task Twenty_messages_without_pubrec_fill_the_window_and_are_resumed(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind, new MosquittoSettings { MaxInflightMessages = Window });
        var publisher = await rig.ConnectPublisherAsync(options => KeepWindow(options, kind));
        var withheld = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold, Window);
        var first = publisher.PublishAll("first-", Window + 10);
        await withheld.HitsAsync(Window);
        await publisher.StatusIsAsync(status => status is { InFlight: Window, Pending: Window + 10 });
        Assert.Equal(Window, rig.Publishes.Count);

        rig.Proxy.Cut();
        await first;
        await publisher.PublishAll("then-", 200);

        Assert.Equal(Window, rig.Publishes.Count(packet => packet.Dup));
        Assert.Equal(Window, publisher.Status.Resumed);
        await AssertDeliveredOnceAsync(rig, Window + 10 + 200);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    [Conformance(12, 15, 22)]
    public async Task Twenty_orphans_of_a_dead_process_are_released_by_the_next_before_anything_else(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind, new MosquittoSettings { MaxInflightMessages = Window });
        var dying = await rig.ConnectPublisherAsync(options => KeepWindow(options, kind));
        var pubRels = rig.Tap.On(MqttControlPacketType.PubRel, TapAction.Drop, Window);
        for (var i = 0; i < Window + 10; i++) await dying.Enqueue($"first-{i}");
        await pubRels.HitsAsync(Window);
        await rig.CrashAsync(dying);

        var next = await rig.ConnectPublisherAsync(options => KeepWindow(options, kind));
        await next.PublishAll("then-", 200);

        var resumed = rig.Tap.Packets.Where(p => p is { Connection: > Rig.First, Direction: Direction.ToBroker, PacketId: > 0 }).ToList();
        Assert.All(resumed.Take(Window), packet => Assert.Equal(MqttControlPacketType.PubRel, packet.Type));
        Assert.Equal(PubRelOrder(Rig.First), PubRelOrder(resumed[0].Connection).Take(Window));
        Assert.DoesNotContain(rig.Publishes, packet => packet.Dup);
        await next.StatusIsAsync(status => status.Pending == 0);
        await AssertDeliveredOnceAsync(rig, Window + 10 + 200);

        IEnumerable<ushort> PubRelOrder(int connection) => rig.PubRels.Where(packet => packet.Connection == connection).Select(packet => packet.PacketId);
    }

    private static async Task AssertDeliveredOnceAsync(Rig rig, int count)
    {
        var deliveries = await rig.DeliveriesAsync();
        Assert.Equal(count, deliveries.Count);
        Assert.Equal(count, deliveries.Distinct().Count());
    }

    // The embedded broker states no Receive Maximum: there the publisher's own window is the one that counts.
    private static ReliablePublisherOptions KeepWindow(ReliablePublisherOptions options, BrokerKind kind) =>
        kind == BrokerKind.Mosquitto ? options : options with { MaxInFlight = Window };
}
