using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what the application can do with dead letters, on both ledgers: nothing that leaves them ever reads as confirmed unless it was.
public sealed class DeadLetterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Many_are_looked_at_replayed_and_purged_and_each_receipt_says_what_is_true(bool inRedis)
    {
        await using var redis = inRedis ? await RedisServer.StartAsync() : null;
        await using var rig = await StartAsync(redis);
        var refusing = Refuse(rig, _ => true);
        var publisher = await rig.ConnectPublisherAsync();
        var ids = new List<MessageId>();
        for (var i = 0; i < 9; i++)
            ids.Add((await publisher.TryPublish($"m{i}", 1 + (i % 2), i % 3 == 0 ? new PublishOptions { MessageId = $"id-{i}" } : null)).MessageId);
        await refusing.ReleaseAsync();

        var found = await publisher.DeadLetters.FindAsync(ids[4], Cancel);
        Assert.Equal((ids[4], DeadLetterCause.Rejected, (byte?)0x87), (found!.Record.MessageId, found.Reason.Cause, found.Reason.ReasonCode));
        var page = await publisher.DeadLetters.ListPageAsync(count: 4, cancellationToken: Cancel);
        Assert.Equal(ids[..4], page.Items.Select(letter => letter.Record.MessageId));
        page = await publisher.DeadLetters.ListPageAsync(page.Continuation, cancellationToken: Cancel);
        Assert.Equal(ids[4..], page.Items.Select(letter => letter.Record.MessageId));

        Assert.Equal(3, await publisher.DeadLetters.PurgeAllAsync(letter => ids.IndexOf(letter.Record.MessageId) % 4 == 0, Cancel));
        Assert.Equal(new ReplaySummary(5, 0, false), await publisher.DeadLetters.ReplayAllAsync(letter => letter.Record.MessageId != ids[1], Cancel));
        await publisher.FlushAsync(Cancel);
        await Eventually.Async(async () => (await publisher.Receipt(ids[7])).Outcome == PublishOutcome.Confirmed, "the last of the replayed");

        for (var i = 0; i < ids.Count; i++)
        {
            var expected = i % 4 == 0 ? PublishOutcome.Purged : i == 1 ? PublishOutcome.Rejected : PublishOutcome.Confirmed;
            Assert.Equal((i, expected), (i, (await publisher.Receipt(ids[i])).Outcome));
        }

        // The broker passes QoS 1 on earlier than QoS 2, so the order is not that of the replay.
        var delivered = (await rig.DeliveriesAsync()).OrderBy(delivery => delivery.Payload, StringComparer.Ordinal);
        Assert.Equal(new[] { 2, 3, 5, 6, 7 }.Select(i => ($"m{i}", ids[i].Value)), delivered.Select(delivery => (delivery.Payload, delivery.MessageId!)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_fails_again_and_again_is_replayed_once_by_each_call(bool inRedis)
    {
        await using var redis = inRedis ? await RedisServer.StartAsync() : null;
        await using var rig = await StartAsync(redis);
        Refuse(rig, packet => packet.Payload != "good");
        var publisher = await rig.ConnectPublisherAsync();
        for (var i = 0; i < 20; i++) await publisher.TryPublish(i == 10 ? "good" : "bad", 1);

        for (var round = 1; round <= 2; round++)
        {
            var before = rig.Publishes.Count;
            Assert.Equal(19, (await publisher.DeadLetters.ReplayAllAsync(cancellationToken: Cancel)).Replayed);
            await Eventually.Async(async () => (await rig.Ledger.GetStatisticsAsync(Cancel)).DeadLetters == 19, "all of them fail again");
            Assert.Equal(before + 19, rig.Publishes.Count);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Too_many_push_out_the_oldest_which_then_reads_purged(bool inRedis)
    {
        await using var redis = inRedis ? await RedisServer.StartAsync() : null;
        await using var rig = await StartAsync(redis);
        Refuse(rig, _ => true);
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxDeadLetters = 2 });
        var ids = new List<MessageId>();
        for (var i = 0; i < 4; i++) ids.Add((await publisher.TryPublish($"m{i}", 1, i == 0 ? new PublishOptions { MessageId = "id-0" } : null)).MessageId);

        Assert.Equal(PublishOutcome.Purged, (await publisher.Receipt(ids[0])).Outcome);
        Assert.Equal(PublishOutcome.Purged, (await publisher.Receipt(ids[1])).Outcome);
        Assert.Equal(PublishOutcome.Rejected, (await publisher.Receipt(ids[2])).Outcome);
        Assert.Equal(ReplayStatus.NotFound, (await publisher.DeadLetters.ReplayAsync(ids[0], Cancel)).Status);
        Assert.Equal(ids[2..], (await publisher.DeadLetters.ListPageAsync(cancellationToken: Cancel)).Items.Select(letter => letter.Record.MessageId));
    }

    private static Task<Rig> StartAsync(RedisServer? redis) =>
        redis is null ? Rig.StartAsync() : Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));

    private static TapRule Refuse(Rig rig, Func<WirePacket, bool> which) => rig.Tap.On(
        packet => packet is { Type: MqttControlPacketType.Publish, Direction: Direction.ToBroker } && which(packet),
        TapAction.Answer(packet => Forge.AnswerTo(packet, 0x87)), int.MaxValue);
}
