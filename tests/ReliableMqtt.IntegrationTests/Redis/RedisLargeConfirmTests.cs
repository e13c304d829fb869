using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Ledger;
using StackExchange.Redis;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>A large record that is confirmed is told by its length. So what the owner measures must be what is stored, whatever a record has been through.</summary>
public sealed class RedisLargeConfirmTests : IAsyncLifetime
{
    private const string PublisherId = "large";
    private const string Inflight = $"reliable-mqtt:{{{PublisherId}}}:inflight";

    private readonly List<RedisAckLedger> _ledgers = [];
    private RedisServer _redis = null!;
    private ConnectionMultiplexer _admin = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IDatabase Database => _admin.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _admin = await ConnectionMultiplexer.ConnectAsync($"{_redis.Address},allowAdmin=true");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var ledger in _ledgers) await ledger.DisposeAsync();
        await _admin.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task A_large_record_is_not_read_when_its_entry_has_the_length_and_a_small_one_is()
    {
        var owner = await OwnAsync();
        var sent = await owner.SendAsync(1, Record(CommitArguments.LargePayload), Record(CommitArguments.LargePayload - 1));
        for (var i = 0; i < 2; i++) await Database.HashSetAsync(Inflight, i + 1, new byte[RecordCodec.Measure(sent[i])]);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => CommitAsync(owner, LedgerOwner.Confirm(sent[1], 2)));
        Assert.Contains("packet id 2 is of sequence 0", refused.Message, StringComparison.Ordinal);
        await CommitAsync(owner, LedgerOwner.Confirm(sent[0], 1));
        Assert.Equal([2], await Database.HashKeysAsync(Inflight));
    }

    [Fact]
    public async Task A_large_record_that_has_lost_a_byte_is_read_and_refused()
    {
        var owner = await OwnAsync();
        var sent = Assert.Single(await owner.SendAsync(1, Record(5_000)));
        await Database.HashSetAsync(Inflight, 1, new byte[RecordCodec.Measure(sent) - 1]);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => CommitAsync(owner, LedgerOwner.Confirm(sent, 1)));
        Assert.Contains("packet id 1 is of sequence 0", refused.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Contents => ["plain", "everything", "id"];

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_another_process_has_accepted_measures_as_it_is_stored(string content)
    {
        var owner = await OwnAsync();
        var other = await OpenAsync();
        var answer = Assert.Single(await other.AcceptAsync([Content(content)], Cancel));
        owner.Tail = answer.Sequence;
        var record = Assert.Single(await owner.Ledger.ReadBacklogAsync(0, 10, Cancel));
        Assert.NotEqual(0UL, record.Acceptor);
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(record.Sequence, new PacketId(1))] });
        await ConfirmUnreadAsync(owner, record, 1);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_the_next_owner_recovers_measures_as_it_is_stored(string content)
    {
        var first = await OwnAsync();
        await first.SendAsync(1, Content(content));
        await first.Ledger.ReleaseAsync(first.Epoch, Cancel);
        var next = await OwnAsync();
        await ConfirmUnreadAsync(next, Assert.Single(next.Recovered.InFlight).Record, 1);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_moved_behind_others_and_then_to_another_packet_id_measures_as_it_is_stored(string content)
    {
        var owner = await OwnAsync();
        await (await OpenAsync()).AcceptAsync([Record(10)], Cancel);
        var appends = owner.Stamp((Content(content), 1));
        var moved = await owner.CommitAsync(commit => commit with { Appends = appends });
        Assert.Equal(2, moved.FirstMoved);
        // As the session stamps it anew, without reading it.
        var record = appends[0].Record.Stamp(owner.Nonce, moved.FirstMoved);
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(1, new PacketId(1)), new AssignOp(2, new PacketId(2))] });
        await owner.CommitAsync(commit => commit with { Moves = [new MoveOp(new PacketId(2), new PacketId(9), new InflightState(InflightStage.Sent, new SendOrder(2, 1), 0, 300))] });
        await ConfirmUnreadAsync(owner, record, 9);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_was_replayed_measures_as_it_is_stored(string content)
    {
        var owner = await OwnAsync();
        var sent = Assert.Single(await owner.SendAsync(1, Content(content)));
        await owner.DeadLetterAsync(sent, 1);
        Assert.Equal(ReplayStatus.Replayed, (await owner.Ledger.ReplayAsync(sent.MessageId, Cancel)).Status);
        var record = Assert.Single(await owner.Ledger.ReadBacklogAsync(0, 10, Cancel));
        Assert.Equal((2L, sent.MessageId), (record.Sequence, record.MessageId));
        owner.Tail = 2;
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(2, new PacketId(1))] });
        await ConfirmUnreadAsync(owner, record, 1);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_was_written_back_after_a_loss_measures_as_it_is_stored(string content)
    {
        var owner = await OwnAsync();
        var goBack = await _redis.SaveAsync();
        var sent = Assert.Single(await owner.SendAsync(1, Content(content)));
        var memory = await owner.RememberAsync();
        await goBack();
        Assert.Equal(RestoreStatus.Restored, (await owner.RestoreAsync(memory)).Status);
        await ConfirmUnreadAsync(owner, sent, 1);
    }

    [Fact]
    public async Task Without_the_right_to_ask_for_the_length_each_is_read()
    {
        var user = DocumentedUser.Read().Without("+hstrlen");
        await using var server = await user.StartServerAsync();
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{server.Address},{DocumentedUser.AdminLogin}");
        await using var ledger = new RedisAckLedger(user.Address(server));
        var owner = await OwnAsync(ledger);
        var sent = await owner.SendAsync(1, Record(1_900), Record(2_000), Content("id"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(owner.Next() with { Confirms = [LedgerOwner.Confirm(sent[0], 2)] }));
        await owner.CommitAsync(commit => commit with { Confirms = [.. sent.Select((record, i) => LedgerOwner.Confirm(record, (ushort)(i + 1)))] });
        Assert.Equal(0, (await ledger.GetStatisticsAsync(Cancel)).PendingBytes);
    }

    /// <summary>Puts something else of that length in its place, so that only what is not read can be confirmed.</summary>
    private async Task ConfirmUnreadAsync(LedgerOwner owner, LedgerRecord record, ushort packetId)
    {
        var field = (RedisValue)(int)packetId;
        var stored = (byte[])(await Database.HashGetAsync(Inflight, field))!;
        Assert.Equal(stored.Length, RecordCodec.Measure(record));
        await Database.HashSetAsync(Inflight, field, new byte[stored.Length]);
        await CommitAsync(owner, LedgerOwner.Confirm(record, packetId));
        Assert.False(await Database.HashExistsAsync(Inflight, field));
    }

    // The owner of the tests would look at what is in flight first, and what cannot be read would be put aside.
    private static async Task CommitAsync(LedgerOwner owner, ConfirmOp confirm) =>
        Assert.Equal(CommitStatus.Applied, (await owner.Ledger.CommitAsync(owner.Next() with { Confirms = [confirm], LowestUnfinished = 1 }, Cancel)).Status);

    private async Task<LedgerOwner> OwnAsync(RedisAckLedger? ledger = null)
    {
        ledger = await OpenAsync(ledger);
        return await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
    }

    private async Task<RedisAckLedger> OpenAsync(RedisAckLedger? ledger = null)
    {
        if (ledger is null) _ledgers.Add(ledger = new RedisAckLedger(_redis.Address));
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = PublisherId }, Cancel);
        return ledger;
    }

    private static LedgerRecord Record(int payload) => new()
    {
        Topic = "plant/7/image",
        Payload = new byte[payload],
        QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
        AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_000),
    };

    private static LedgerRecord Content(string what) => what switch
    {
        "plain" => Record(16_384),
        "id" => Record(16_384) with { MessageId = "größe-🚀" },
        "everything" => Record(16_384) with
        {
            Topic = "werk/größe/温度/🚀",
            Retain = true,
            Refusals = 200,
            ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(1_950_000_000_000),
            Properties = new MessageProperties
            {
                ContentType = "image/jpeg",
                CorrelationData = new byte[] { 1, 2, 3 },
                UserProperties = [new MqttUserProperty("schlüssel", "значение"u8.ToArray().AsMemory())],
            },
        },
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };
}
