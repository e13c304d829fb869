using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Records come back byte for byte, wherever they have been; counts; the face of the port.
public abstract partial class AckLedgerConformance
{
    public static TheoryData<string> Contents => ["plain", "everything", "empty payload", "longest id", "unicode", "all bytes", "large"];

    private LedgerRecord Content(string what)
    {
        var plain = Message("plain");
        return what switch
        {
            "plain" => plain,
            "everything" => plain with
            {
                Retain = true,
                QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
                Refusals = 3,
                ExpiresAt = Now.AddMinutes(3),
                Properties = new MessageProperties
                {
                    ContentType = "application/json",
                    ResponseTopic = "reply/here",
                    CorrelationData = new byte[] { 0, 255, 1 },
                    PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData,
                    UserProperties = [User("a", "1"), User("a", "2"), User("", ""), User("b=,", "ü")],
                },
            },
            "empty payload" => plain with
            {
                Payload = default,
                Properties = new MessageProperties { CorrelationData = ReadOnlyMemory<byte>.Empty, ContentType = "" },
            },
            "longest id" => plain with { MessageId = new MessageId(new string('ü', MessageId.MaxLength)) },
            "unicode" => plain with
            {
                Topic = "werk/größe/温度/🚀",
                MessageId = "id-🚀-温度",
                Properties = new MessageProperties { UserProperties = [User("schlüssel", "значение 🚀")] },
            },
            "all bytes" => plain with { Payload = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray(), Topic = new string('t', 2_000) },
            "large" => plain with { Payload = LargePayload() },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
    }

    private static MqttUserProperty User(string name, string value) => new(name, System.Text.Encoding.UTF8.GetBytes(value).AsMemory());

    private static byte[] LargePayload()
    {
        var payload = new byte[256 * 1024];
        new Random(1).NextBytes(payload);
        return payload;
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task A_record_is_the_same_in_the_backlog_in_flight_and_among_the_dead_letters(string what)
    {
        var owner = await OpenOwnerAsync();
        var record = Content(what);
        var answer = await AcceptAsync(owner.Ledger, record);
        Assert.Equal(AcceptStatus.Accepted, answer.Status);
        var expected = LedgerOwner.Describe(record with { Sequence = answer.Sequence, MessageId = answer.MessageId });
        Assert.Equal(expected, LedgerOwner.Describe(Assert.Single(await BacklogAsync(await OpenAsync()))));

        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(answer.Sequence, new PacketId(1))] });
        var next = await TakeOverAsync(owner);
        var entry = Assert.Single(next.Recovered.InFlight);
        Assert.Equal(expected, LedgerOwner.Describe(entry.Record));
        if (what == "empty payload") Assert.NotNull(entry.Record.Properties?.CorrelationData);

        await next.DeadLetterAsync(entry.Record, 1);
        Assert.Equal(expected, LedgerOwner.Describe(Assert.Single(await DeadLettersAsync(await OpenAsync())).Record));
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task A_record_that_the_owner_appends_is_the_same_directly_queued_and_moved(string what)
    {
        var owner = await OpenOwnerAsync();
        var record = Content(what);
        var direct = owner.Stamp((record, 1));
        await owner.CommitAsync(commit => commit with { Appends = direct });
        Assert.Equal(LedgerOwner.Describe(direct[0].Record), LedgerOwner.Describe(Assert.Single((await owner.Ledger.RecoverAsync(owner.Epoch, Cancel)).InFlight).Record));

        var anonymous = record with { MessageId = default };
        await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((anonymous, null)) });
        await AcceptAsync(await OpenAsync(), Message("between"));
        var moved = await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((anonymous, null)) });
        var backlog = await BacklogAsync(owner.Ledger);
        foreach (var (index, sequence) in new[] { (0, direct[0].Record.Sequence + 1), (2, moved.FirstMoved) })
        {
            var expected = anonymous with { Sequence = sequence, MessageId = MessageId.ForSequence(owner.Nonce, sequence) };
            Assert.Equal(LedgerOwner.Describe(expected), LedgerOwner.Describe(backlog[index]));
        }
    }

    [Fact]
    public async Task Statistics_count_what_is_there()
    {
        var owner = await OpenOwnerAsync();
        Assert.Equal(new LedgerStatistics(0, 0, 0, 0, null, Tail: 0, LowestUnfinished: 1, Totals: new LedgerTotals(0, 0, 0, 0, 0)), await owner.Ledger.GetStatisticsAsync(Cancel));

        var oldest = Now;
        var sent = await owner.SendAsync(1, Messages(3));
        await PassAsync(TimeSpan.FromMilliseconds(20));
        var younger = Now;
        var waiting = await owner.Ledger.AcceptAsync([Message(new string('x', 5_000)), Message("y")], Cancel);
        await owner.DeadLetterAsync(sent[1], 2);
        var counts = await (await OpenAsync()).GetStatisticsAsync(Cancel);
        Assert.Equal((2L, 2L, 1L), (counts.Backlog, counts.InFlight, counts.DeadLetters));
        Assert.InRange(counts.OldestAcceptedAt!.Value, oldest, younger.AddTicks(-1));
        Assert.InRange(counts.PendingBytes, 5_000, 7_000);

        await owner.CommitAsync(commit => commit with { Confirms = [LedgerOwner.Confirm(sent[0], 1), LedgerOwner.Confirm(sent[2], 3)] });
        counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.InRange(counts.OldestAcceptedAt!.Value, younger, younger.AddMinutes(1));
        await owner.CommitAsync(commit => commit with { Drops = [.. waiting.Select(answer => new DropOp(answer.Sequence, answer.MessageId, null))] });
        Assert.Equal(new LedgerStatistics(0, 0, 1, 0, null, Tail: 5, LowestUnfinished: 6, Totals: new LedgerTotals(5, 2, 2, 1, 0)), await owner.Ledger.GetStatisticsAsync(Cancel));
    }

    [Fact]
    public async Task A_large_commit_is_one_commit()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(500));
        var result = await owner.CommitAsync(commit => commit with
        {
            Confirms = [.. sent.Select((record, i) => LedgerOwner.Confirm(record, (ushort)(i + 1)))],
            Appends = owner.Stamp([.. Messages(500, "n").Select((record, i) => (record, i < 250 ? (ushort?)(1_000 + i) : null))]),
        });
        Assert.Equal(250, result.BacklogCount);
        var counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((250L, 250L), (counts.Backlog, counts.InFlight));
        Assert.Equal(Enumerable.Range(250, 250).Select(i => $"n{i}"), Texts(await BacklogAsync(owner.Ledger)));
    }

    [Fact]
    public async Task Publisher_ids_do_not_see_each_other()
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message("m", "id-1")));
        await AcceptAsync(owner.Ledger, Message());
        var stranger = await AcquireAsync(await OpenAsync(Options with { PublisherId = Options.PublisherId + "-other" }));
        Assert.Equal((0L, 0), (stranger.Recovered.BacklogCount, stranger.Recovered.InFlight.Count));
        Assert.NotEqual(owner.Nonce, stranger.Nonce);
        await AssertStatusAsync(stranger.Ledger, LedgerStatus.Unknown, "id-1");
        Assert.Equal(CommitStatus.Fenced, (await stranger.Ledger.CommitAsync(owner.Next(), Cancel)).Status);
        await owner.ConfirmAsync(record, 1);
    }

    [Fact]
    public async Task A_ledger_serves_one_publisher_id()
    {
        var ledger = await OpenAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await ledger.OpenAsync(Options with { PublisherId = "another" }, Cancel));
    }

    [Fact]
    public async Task A_cancelled_call_does_nothing()
    {
        var ledger = await OpenAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ledger.AcceptAsync([Message()], cancelled.Token));
        Assert.Empty(await BacklogAsync(ledger));
    }
}
