using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Write-ahead: after each step a new owner in another process finds exactly that step.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task A_new_ledger_is_empty()
    {
        var state = (await OpenOwnerAsync()).Recovered;
        Assert.Equal(0, state.LastOperation);
        Assert.Equal(0, state.BacklogCount);
        Assert.Equal(BrokerSession.None, state.Session);
        Assert.Empty(state.InFlight);
    }

    [Fact]
    public async Task A_direct_append_is_in_flight_and_sent_for_the_next_owner()
    {
        var owner = await OpenOwnerAsync();
        var records = await owner.SendAsync(7, Messages(2));

        var entries = (await TakeOverAsync(owner)).Recovered.InFlight.OrderBy(entry => entry.PacketId).ToArray();
        Assert.Equal([new PacketId(7), new PacketId(8)], entries.Select(entry => entry.PacketId));
        Assert.Equal(records.Select(LedgerOwner.Describe), entries.Select(entry => LedgerOwner.Describe(entry.Record)));
        Assert.All(entries, entry => Assert.Equal(Sent(entry.Record.Sequence), entry.State));
    }

    [Fact]
    public async Task Direct_appends_and_appends_for_the_backlog_go_in_one_commit()
    {
        var owner = await OpenOwnerAsync();
        var result = await owner.CommitAsync(commit => commit with
        {
            Appends = owner.Stamp((Message("direct"), 1), (Message("later"), null), (Message("last"), null)),
        });
        Assert.Equal(2, result.BacklogCount);

        var next = await TakeOverAsync(owner);
        Assert.Equal("direct", Text(Assert.Single(next.Recovered.InFlight).Record));
        Assert.Equal(["later", "last"], Texts(await BacklogAsync(next.Ledger)));
        Assert.Equal(result.Tail, next.Recovered.Tail);
    }

    [Fact]
    public async Task An_assigned_message_has_left_the_backlog_for_the_next_owner()
    {
        var owner = await OpenOwnerAsync();
        var answers = await owner.Ledger.AcceptAsync(Messages(3), Cancel);
        var result = await owner.CommitAsync(commit => commit with
        {
            Assigns = [new AssignOp(answers[0].Sequence, new PacketId(9)), new AssignOp(answers[1].Sequence, new PacketId(4))],
        });
        Assert.Equal(1, result.BacklogCount);

        var next = await TakeOverAsync(owner);
        var entries = next.Recovered.InFlight.OrderBy(entry => entry.PacketId).ToArray();
        Assert.Equal([4, 9], entries.Select(entry => (int)entry.PacketId.Value));
        Assert.Equal(["m1", "m0"], entries.Select(entry => Text(entry.Record)));
        Assert.All(entries, entry => Assert.Equal(Sent(entry.Record.Sequence), entry.State));
        Assert.Equal(["m2"], Texts(await BacklogAsync(next.Ledger)));
        Assert.Equal(1, next.Recovered.BacklogCount);
    }

    [Fact]
    public async Task A_direct_append_is_allowed_in_the_commit_that_empties_the_backlog()
    {
        var owner = await OpenOwnerAsync();
        var answer = await AcceptAsync(owner.Ledger, Message("waited"));
        owner.Tail = answer.Sequence;
        await owner.CommitAsync(commit => commit with
        {
            Assigns = [new AssignOp(answer.Sequence, new PacketId(1))],
            Appends = owner.Stamp((Message("new"), 2)),
        });
        var next = await TakeOverAsync(owner);
        Assert.Equal(["waited", "new"], next.Recovered.InFlight.OrderBy(entry => entry.PacketId).Select(entry => Text(entry.Record)));
    }

    [Fact]
    public async Task A_released_message_stays_whole_for_the_next_owner()
    {
        var owner = await OpenOwnerAsync();
        var records = await owner.SendAsync(1, Messages(2));
        await owner.CommitAsync(commit => commit with { Releases = [new ReleaseOp(new PacketId(2), 17)] });

        var next = await TakeOverAsync(owner);
        var entries = next.Recovered.InFlight.OrderBy(entry => entry.PacketId).ToArray();
        Assert.Equal(Sent(records[0].Sequence), entries[0].State);
        Assert.Equal(Sent(records[1].Sequence) with { Stage = InflightStage.Released, ReleaseOrder = 17 }, entries[1].State);
        Assert.Equal(LedgerOwner.Describe(records[1]), LedgerOwner.Describe(entries[1].Record));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_confirmed_message_is_gone_for_the_next_owner(int qos)
    {
        var owner = await OpenOwnerAsync();
        var records = await owner.SendAsync(1, Message("one", qos: qos), Message("two", qos: qos));
        if (qos == 2) await owner.CommitAsync(commit => commit with { Releases = [new ReleaseOp(new PacketId(1), 1)] });
        await owner.ConfirmAsync(records[0], 1);

        var next = await TakeOverAsync(owner);
        Assert.Equal("two", Text(Assert.Single(next.Recovered.InFlight).Record));
        await AssertStatusAsync(next.Ledger, LedgerStatus.Confirmed, records[0].MessageId);
        Assert.Equal(records[1].Sequence, next.Recovered.Tail);
    }

    [Fact]
    public async Task A_parked_message_keeps_when_it_is_due_and_how_often_it_was_refused()
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message()));
        var parked = new InflightState(InflightStage.Parked, new SendOrder(record.Sequence), 0, 3, Now.AddSeconds(5));
        await owner.CommitAsync(commit => commit with { Moves = [new MoveOp(new PacketId(1), new PacketId(1), parked)] });
        Assert.Equal(parked, Assert.Single((await TakeOverAsync(owner)).Recovered.InFlight).State);
    }

    [Fact]
    public async Task A_message_sent_anew_moves_to_its_new_packet_id_and_frees_the_old_one()
    {
        var owner = await OpenOwnerAsync();
        var records = await owner.SendAsync(1, Messages(2));
        var anew = new InflightState(InflightStage.Sent, new SendOrder(records[1].Sequence, 4), 0, 1);
        await owner.CommitAsync(commit => commit with { Moves = [new MoveOp(new PacketId(1), new PacketId(30), anew)] });
        await owner.SendAsync(1, Message("reuses the freed id"));

        var next = await TakeOverAsync(owner);
        var entries = next.Recovered.InFlight.ToDictionary(entry => entry.PacketId.Value);
        Assert.Equal([1, 2, 30], entries.Keys.Order().Select(id => (int)id));
        Assert.Equal(anew, entries[30].State);
        Assert.Equal(LedgerOwner.Describe(records[0]), LedgerOwner.Describe(entries[30].Record));
        Assert.Equal("reuses the freed id", Text(entries[1].Record));
    }

    [Fact]
    public async Task A_dead_letter_leaves_the_window_and_a_drop_leaves_the_head()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(2));
        var waiting = await owner.Ledger.AcceptAsync(Messages(4, "w"), Cancel);
        await owner.CommitAsync(commit => commit with
        {
            DeadLetters = [LedgerOwner.Dead(sent[0], 1)],
            Drops =
            [
                new DropOp(waiting[0].Sequence, waiting[0].MessageId, null),
                new DropOp(waiting[1].Sequence, waiting[1].MessageId, new DeadLetterReason(DeadLetterCause.BrokerLimit, null, "too large")),
            ],
            Assigns = [new AssignOp(waiting[2].Sequence, new PacketId(3))],
        });

        var next = await TakeOverAsync(owner);
        Assert.Equal(["m1", "w2"], next.Recovered.InFlight.OrderBy(entry => entry.PacketId).Select(entry => Text(entry.Record)));
        Assert.Equal(["w3"], Texts(await BacklogAsync(next.Ledger)));
        Assert.Equal(["m0", "w1"], (await next.Ledger.ListDeadLettersAsync(null, 10, Cancel)).Items.Select(letter => Text(letter.Record)));
        await AssertStatusAsync(next.Ledger, LedgerStatus.DeadLettered, sent[0].MessageId, waiting[1].MessageId);
        await AssertStatusAsync(next.Ledger, LedgerStatus.Expired, waiting[0].MessageId);
    }

    [Theory]
    [InlineData(BrokerSession.Established)]
    [InlineData(BrokerSession.Condemned)]
    [InlineData(BrokerSession.None)]
    public async Task The_session_marker_changes_only_with_a_commit_that_names_it(BrokerSession marker)
    {
        var owner = await OpenOwnerAsync();
        await owner.CommitAsync(commit => commit with { Session = BrokerSession.Established });
        await owner.CommitAsync(commit => commit with { Session = marker });
        await owner.SendAsync(1, Message());
        owner = await TakeOverAsync(owner);
        Assert.Equal(marker, owner.Recovered.Session);
        Assert.Equal(marker, (await TakeOverAsync(owner)).Recovered.Session);
    }

    private static InflightState Sent(long sequence) => new(InflightStage.Sent, new SendOrder(sequence));
}
