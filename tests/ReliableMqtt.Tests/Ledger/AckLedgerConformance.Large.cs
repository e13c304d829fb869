using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// A ledger may tell a large entry that is confirmed by its length. What that may not change.
public abstract partial class AckLedgerConformance
{
    private LedgerRecord Sized(int bytes, string? id = null) => Message(new string('x', bytes), id);

    [Fact]
    public async Task Messages_of_every_size_are_confirmed_by_their_records_and_leave_no_bytes()
    {
        var owner = await OpenOwnerAsync();
        int[] sizes = [0, 1, .. Enumerable.Range(1_017, 15), 4_096, 100_000];
        var sent = await owner.SendAsync(1, [.. sizes.Select((size, i) => Sized(size, i % 3 == 0 ? $"id-{i}" : null))]);
        for (var i = 0; i < sent.Length; i += 4)
        {
            await owner.CommitAsync(commit => commit with
            {
                Confirms = [.. Enumerable.Range(i, Math.Min(4, sent.Length - i)).Select(k => LedgerOwner.Confirm(sent[k], (ushort)(k + 1)))],
            });
        }

        var counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((0L, 0L), (counts.InFlight, counts.PendingBytes));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, [.. sent.Select(record => record.MessageId)]);
    }

    public enum WrongLarge { Missing, Larger, Smaller, Small, Twice, MovedToo, DeadToo, SmallUnderLarge }

    [Theory]
    [InlineData(WrongLarge.Missing)]
    [InlineData(WrongLarge.Larger)]
    [InlineData(WrongLarge.Smaller)]
    [InlineData(WrongLarge.Small)]
    [InlineData(WrongLarge.Twice)]
    [InlineData(WrongLarge.MovedToo)]
    [InlineData(WrongLarge.DeadToo)]
    [InlineData(WrongLarge.SmallUnderLarge)]
    public async Task A_large_message_is_not_confirmed_under_a_packet_id_that_is_not_its_own(WrongLarge wrong)
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Sized(1_900), Sized(1_901, "named"), Sized(1_899), Sized(10), Sized(5_000));
        var before = await owner.DescribeAsync();
        var good = owner.Next() with { Confirms = [LedgerOwner.Confirm(sent[4], 5)], Appends = owner.Stamp((Sized(1_700), 6)) };
        ConfirmOp[] With(params ConfirmOp[] more) => [.. good.Confirms, .. more];
        var right = LedgerOwner.Confirm(sent[0], 1);
        var bad = wrong switch
        {
            WrongLarge.Missing => good with { Confirms = With(LedgerOwner.Confirm(sent[0], 99)) },
            WrongLarge.Larger => good with { Confirms = With(LedgerOwner.Confirm(sent[0], 2)) },
            WrongLarge.Smaller => good with { Confirms = With(LedgerOwner.Confirm(sent[1], 3)) },
            WrongLarge.Small => good with { Confirms = With(LedgerOwner.Confirm(sent[0], 4)) },
            WrongLarge.Twice => good with { Confirms = With(right, right) },
            WrongLarge.MovedToo => good with { Confirms = With(right), Moves = [new MoveOp(new PacketId(1), new PacketId(50), new InflightState(InflightStage.Sent, new SendOrder(1, 1), 0, 1))] },
            WrongLarge.DeadToo => good with { Confirms = With(right), DeadLetters = [LedgerOwner.Dead(sent[0], 1)] },
            WrongLarge.SmallUnderLarge => good with { Confirms = With(LedgerOwner.Confirm(sent[3], 1)) },
            _ => throw new ArgumentOutOfRangeException(nameof(wrong)),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(bad));

        Assert.Equal(before, await owner.DescribeAsync());
        Assert.Equal(CommitStatus.Applied, (await owner.CommitAsync(good with { Confirms = With(right) })).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("named")]
    public async Task A_large_record_that_measures_otherwise_than_what_is_stored_goes_by_sequence_and_id(string? id)
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Sized(1_900, id), Sized(2_000));
        var confirm = LedgerOwner.Confirm(sent[0], 1) with { Record = sent[0] with { Payload = new byte[1_800] } };
        var before = await owner.DescribeAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(owner.Next() with { Confirms = [confirm with { Sequence = sent[1].Sequence }] }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => owner.CommitAsync(owner.Next() with { Confirms = [confirm with { MessageId = "another" }] }));
        Assert.Equal(before, await owner.DescribeAsync());

        await owner.CommitAsync(commit => commit with { Confirms = [confirm, LedgerOwner.Confirm(sent[1], 2)] });
        var counts = await owner.Ledger.GetStatisticsAsync(Cancel);
        Assert.Equal((0L, 0L), (counts.InFlight, counts.PendingBytes));
    }
}
