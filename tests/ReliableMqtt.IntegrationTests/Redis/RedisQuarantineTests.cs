using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

// A record that cannot be read is put aside with its reason, is not sent, does not read as confirmed, and the others go on.
public sealed class RedisQuarantineTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Key(string name) => $"reliable-mqtt:{{{Rig.PublisherId}}}:{name}";

    private const string FlippedSequence = "flipped bit of the sequence", NeverGiven = "a sequence never given out", NoRecord = "no record at all";

    public static TheoryData<string> Damages => ["flipped bit", FlippedSequence, NeverGiven, "cut off", "newer version", NoRecord];

    public static MatrixTheoryData<string, int> DamagesAndPlaces => new(["flipped bit", FlippedSequence, NeverGiven, "cut off", "newer version", NoRecord], [0, 1, 3]);

    private static byte[] Damage(string how, byte[] record)
    {
        switch (how)
        {
            case "flipped bit":
                record[^1] ^= 4;
                return record;
            case FlippedSequence:
                record[5] ^= 4;
                return record;
            case "cut off":
                return record[..^3];
            case "newer version":
                record[0] = 2;
                return record;
            case NeverGiven:
                StampedSequence.Write(record.AsSpan(1), 1L << 40);
                return record;
            default:
                return "?"u8.ToArray();
        }
    }

    [Theory]
    [MemberData(nameof(DamagesAndPlaces))]
    public async Task In_the_backlog(string how, int place)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        var database = connection.GetDatabase();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        rig.Proxy.Refuses = true;
        var dying = await rig.StartPublisherAsync();
        var pending = new List<PendingPublish>();
        for (var i = 0; i < 4; i++) pending.Add(await dying.Enqueue($"m{i}"));
        await rig.CrashAsync(dying);
        var damaged = Damage(how, (byte[])(await database.ListGetByIndexAsync(Key("backlog"), place))!);
        await database.ListSetByIndexAsync(Key("backlog"), place, damaged);

        var next = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish("new")).Outcome);
        await next.FlushAsync(Cancel);
        Assert.Equal([.. Enumerable.Range(0, 4).Where(i => i != place).Select(i => $"m{i}"), "new"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
        await AssertQuarantinedAsync(rig, QuarantinePlace.Backlog, "", damaged);
        Assert.Equal(PublishOutcome.Unknown, (await next.Receipt(pending[place].MessageId)).Outcome);

        // Where not even the sequence could be read, it might be any of those that were pending then.
        var neighbour = how is NoRecord or FlippedSequence or NeverGiven ? PublishOutcome.Unknown : PublishOutcome.Confirmed;
        Assert.Equal(neighbour, (await next.Receipt(pending[(place + 1) % 4].MessageId)).Outcome);
        await rig.AssertNothingStoredAsync();
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task In_flight(string how)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        var database = connection.GetDatabase();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        var dying = await rig.ConnectPublisherAsync();
        var rule = rig.Tap.On(MQTTnet.Protocol.MqttControlPacketType.PubRec, TapAction.Drop, 3);
        var pending = new List<PendingPublish>();
        for (var i = 0; i < 3; i++) pending.Add(await dying.Enqueue($"m{i}"));
        await rule.HitsAsync(3);
        await rig.CrashAsync(dying);
        var entries = (await database.HashGetAllAsync(Key("inflight"))).OrderBy(entry => (int)entry.Name).ToList();
        Assert.Equal(3, entries.Count);
        var damaged = Damage(how, (byte[])entries[1].Value!);
        await database.HashSetAsync(Key("inflight"), entries[1].Name, damaged);

        var next = await rig.ConnectPublisherAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish("new")).Outcome);
        await next.FlushAsync(Cancel);

        // Its handshake was begun and cannot be ended: what the broker has of it goes with the session, before its packet id is used again.
        var names = (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).ToList();
        Assert.Equal(["m0", "m2", "new"], names.Where(name => name != "m1"));
        await AssertQuarantinedAsync(rig, QuarantinePlace.InFlight, (string)entries[1].Name!, damaged);
        Assert.Equal(PublishOutcome.Unknown, (await next.Receipt(pending[1].MessageId)).Outcome);
        await rig.AssertNothingStoredAsync();

        // Nothing new was sent in the old session, in which the packet id of the quarantined message is in use.
        var wire = rig.Tap.Packets.ToList();
        var resumed = wire.FindIndex(packet => packet.Dup);
        var clean = wire.FindIndex(resumed, packet => packet.CleanStart);
        Assert.InRange(wire.FindIndex(packet => packet.Payload == "new"), Math.Max(clean, resumed + 1), wire.Count);
        Assert.True(clean > resumed, rig.Tap.ToString());
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Who_waits_is_answered_and_the_id_may_be_used_again(string how)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var connection = await redis.ConnectAsync();
        var database = connection.GetDatabase();
        await using var rig = await Rig.StartAsync(ledger: () => new RedisAckLedger(redis.Address));
        rig.Proxy.Refuses = true;
        var dying = await rig.StartPublisherAsync();
        for (var i = 0; i < 3; i++) await dying.EnqueueAsync(PublisherCalls.WithId($"m{i}", $"m{i}"), Cancel);
        await rig.CrashAsync(dying);
        await database.ListSetByIndexAsync(Key("backlog"), 1, Damage(how, (byte[])(await database.ListGetByIndexAsync(Key("backlog"), 1))!));

        // It is known, and said to be pending, as long as nobody has read it.
        rig.Proxy.Refuses = true;
        var next = await rig.StartPublisherAsync();
        await Eventually.Async(() => next.Status is { IsOwner: true, Pending: 3 }, "the next publisher owns the ledger");
        var waiting = next.TryPublishAsync(PublisherCalls.WithId("m1", "m1"), Cancel);
        rig.Proxy.Refuses = false;
        if ((await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Outcome == PublishOutcome.Confirmed)
        {
            // The record was put aside before: its id could be read, and was free again.
            Assert.True(how is not (NoRecord or FlippedSequence or NeverGiven), how);
            Assert.Equal(["m0", "m2", "m1"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
            return;
        }

        Assert.Equal(PublishOutcome.Unknown, (await waiting).Outcome);
        await Eventually.Async(async () => (await next.Receipt("m1")).Outcome == PublishOutcome.Unknown, "its receipt says the same");
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish(PublisherCalls.WithId("m1", "again"))).Outcome);
        await Eventually.Async(async () => (await next.Receipt("m1")).Outcome == PublishOutcome.Confirmed, "the ledger knows the confirm, which follows the receipt");
        Assert.Equal(["m0", "m2", "again"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    private static async Task AssertQuarantinedAsync(Rig rig, QuarantinePlace place, string field, byte[] damaged)
    {
        var page = await rig.Ledger.ListQuarantineAsync(0, 10, Cancel);
        Assert.Null(page.NextAfter);
        var kept = Assert.Single(page.Items);
        Assert.Equal((1L, place, field), (kept.Number, kept.Place, kept.Field));
        Assert.Equal(damaged, kept.Bytes);
        Assert.StartsWith("The record ", kept.Reason, StringComparison.Ordinal);
        Assert.InRange(kept.PutAsideAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(5));
        Assert.Contains(rig.LogEntries, entry => entry.Id == 3009);
        Assert.Equal(1, (await rig.Ledger.GetStatisticsAsync(Cancel)).Quarantined);
    }
}
