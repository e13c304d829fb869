using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Row 36. Proves that messages which end every connection are found among good ones and given up, and that a bad network makes no message one of them.
public sealed class PoisonTests
{
    private const string Poison = "poison";
    private const int Messages = 30;

    /// <summary>Two that follow each other, and a lone one.</summary>
    private static readonly int[] Places = [7, 8, 19];

    [Theory]
    [InlineData(MqttProtocolVersion.V500, 1)]
    [InlineData(MqttProtocolVersion.V500, 2)]
    [InlineData(MqttProtocolVersion.V311, 1)]
    [InlineData(MqttProtocolVersion.V311, 2)]
    [Conformance(36)]
    public async Task Publishes_that_end_every_connection_become_dead_letters_and_the_others_arrive(MqttProtocolVersion version, int qos)
    {
        await using var rig = await Rig.StartAsync();
        rig.Tap.On(IsPoison, TapAction.CutBefore, int.MaxValue);
        var publisher = await ConnectAsync(rig, version);
        await AssertOnlyPoisonDiesAsync(rig, publisher, qos, "whether it was delivered is not known");
        Assert.DoesNotContain(await rig.DeliveriesAsync(), delivery => delivery.Topic == Poison);
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    [Conformance(36)]
    public async Task Pubrels_that_end_every_connection_become_dead_letters_that_were_probably_delivered(MqttProtocolVersion version)
    {
        await using var rig = await Rig.StartAsync();
        rig.Tap.On(
            packet => packet.Type == MqttControlPacketType.PubRel && rig.Publishes.Last(p => p.PacketId == packet.PacketId).Topic == Poison,
            TapAction.CutBefore, int.MaxValue);
        var publisher = await ConnectAsync(rig, version);
        await AssertOnlyPoisonDiesAsync(rig, publisher, qos: 2, "probably delivered");
    }

    [Fact]
    public async Task A_broker_that_says_what_it_does_not_like_is_quoted()
    {
        await using var rig = await Rig.StartAsync();
        rig.Tap.On(IsPoison, TapAction.Answer(_ => [0xE0, 2, 0x95, 0]), int.MaxValue);
        var publisher = await ConnectAsync(rig, MqttProtocolVersion.V500);
        await AssertOnlyPoisonDiesAsync(rig, publisher, qos: 2, "packet too large (0x95)");
    }

    [Fact]
    [Conformance(36)]
    public async Task Mosquitto_on_mqtt_3_ends_the_connection_over_a_packet_that_is_too_large()
    {
        // It has no way to state the limit there.
        await using var rig = await Rig.StartAsync(settings: new MosquittoSettings { ExtraLines = ["max_packet_size 2000"] });
        var publisher = await ConnectAsync(rig, MqttProtocolVersion.V311);
        var small = await publisher.Enqueue("small", qos: 1);
        var large = await publisher.Enqueue(new string('x', 3000), qos: 1);
        var after = await publisher.Enqueue("after", qos: 2);

        Assert.Equal(PublishOutcome.DeadLettered, (await large.Confirm()).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await small.Confirm()).Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await after.Confirm()).Outcome);
        Assert.Equal(DeadLetterCause.Poison, (await publisher.DeadLetters.FindAsync(large.MessageId, TestContext.Current.CancellationToken))!.Reason.Cause);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_link_that_dies_after_every_publish_for_some_seconds_makes_no_message_poison(int qos)
    {
        // The worst of networks, with the times that hold in earnest: what it lets through are pings.
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish("before", qos);
        var cut = rig.Tap.On(packet => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToBroker }, TapAction.CutAfter, int.MaxValue);
        var publishing = publisher.PublishAll("m", 20, qos);
        await rig.Tap.SeesAsync(packet => packet.Type == MqttControlPacketType.PingReq, "the probe of a connection");
        var pings = rig.Tap.Of(MqttControlPacketType.PingReq, Direction.ToBroker).Count;
        await Eventually.Async(() => rig.Tap.Of(MqttControlPacketType.PingReq, Direction.ToBroker).Count > pings, "the probe of another one");
        await cut.ReleaseAsync();

        await publishing;
        Assert.Empty((await publisher.DeadLetters.ListPageAsync(cancellationToken: TestContext.Current.CancellationToken)).Items);
        Assert.Equal(qos == 2 ? 21 : rig.Counter.ByPayload().Values.Sum(), (await rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task Reconnects_restarts_of_the_broker_and_takeovers_make_no_message_poison()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish("before");
        rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Drop, int.MaxValue);
        var publishing = publisher.PublishAll("m", 5);
        for (var i = 0; i < 8; i++)
        {
            await SentAgainAsync(rig);
            await publisher.ReconnectAsync(TestContext.Current.CancellationToken);
        }

        // Nothing of this was anybody's fault, so nothing is sent alone. mosquitto restarts without a word, and so it is from here on.
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id == 1008);
        for (var i = 0; i < 4; i++)
        {
            await SentAgainAsync(rig);
            if (i % 2 == 0) await rig.Broker.RestartAsync();
            else (await RawClient.ConnectAsync(rig.Broker.Port, Rig.PublisherId)).Dispose();
        }

        await SentAgainAsync(rig);
        rig.Tap.Clear();
        rig.Proxy.Cut();
        await publishing;
        Assert.Empty((await publisher.DeadLetters.ListPageAsync(cancellationToken: TestContext.Current.CancellationToken)).Items);
    }

    /// <summary>Waits until a message has left on the newest connection.</summary>
    private static Task SentAgainAsync(Rig rig) => Eventually.Async(
        () => rig.Tap.Packets.Where(packet => packet.Type == MqttControlPacketType.ConnAck).Max(packet => packet.Connection) is var newest
            && rig.Publishes.Any(packet => packet.Connection == newest), "a PUBLISH on the newest connection");

    private static bool IsPoison(WirePacket packet) => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToBroker, Topic: Poison };

    private static Task<ReliablePublisher> ConnectAsync(Rig rig, MqttProtocolVersion version) => rig.ConnectPublisherAsync(
        options => options with { PoisonQuiet = TimeSpan.FromMilliseconds(20), MaxInFlight = 20 }, client => client.WithProtocolVersion(version));

    private static async Task AssertOnlyPoisonDiesAsync(Rig rig, ReliablePublisher publisher, int qos, string text)
    {
        var pending = new List<PendingPublish>();
        for (var i = 0; i < Messages; i++)
        {
            var message = PublisherCalls.Message($"m{i}", qos, topic: Places.Contains(i) ? Poison : PublisherCalls.Topic);
            pending.Add(await publisher.EnqueueAsync(message, TestContext.Current.CancellationToken));
        }

        var ends = await Task.WhenAll(pending.Select(one => one.Confirm()));
        Assert.Equal(
            Enumerable.Range(0, Messages).Select(i => Places.Contains(i) ? PublishOutcome.DeadLettered : PublishOutcome.Confirmed),
            ends.Select(end => end.Outcome));

        var letters = (await publisher.DeadLetters.ListPageAsync(cancellationToken: TestContext.Current.CancellationToken)).Items;
        Assert.Equal(Places.Select(i => pending[i].MessageId), letters.Select(letter => letter.Record.MessageId));
        Assert.All(letters, letter =>
        {
            Assert.Equal((DeadLetterCause.Poison, (byte?)null), (letter.Reason.Cause, letter.Reason.ReasonCode));
            Assert.Contains(text, letter.Reason.Text, StringComparison.Ordinal);
        });

        var good = (await rig.DeliveriesAsync()).Where(delivery => delivery.Topic == PublisherCalls.Topic).CountBy(delivery => delivery.Payload).ToList();
        Assert.Equal(Messages - Places.Length, good.Count);
        if (qos == 2) Assert.All(good, count => Assert.Equal(1, count.Value));
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("after", qos)).Outcome);
        Assert.Contains(rig.LogEntries, entry => entry.Id == 1008);
    }
}
