using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// The truth about message ids: "confirmed" is never said of what was not confirmed.
public abstract partial class AckLedgerConformance
{
    // Longer than any test lasts when the clock is a real one.
    private TimeSpan ShortWindow => HonoursTimeProvider ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(2);

    /// <summary>Lets so much time pass that a ledger that forgets lazily, within two windows, has forgotten.</summary>
    private async Task PassTheWindowAsync(LedgerOwner owner)
    {
        for (var i = 0; i < 3; i++)
        {
            await PassAsync(Options.DeduplicationWindow * 1.1);
            await owner.Ledger.RenewAsync(owner.Epoch, Cancel);
            await owner.CommitAsync(commit => commit);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application-id")]
    public async Task An_id_is_pending_until_its_confirm_and_confirmed_after_it(string? id)
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        var answer = await AcceptAsync(other, Message("m", id));
        owner.Tail = answer.Sequence;
        var record = Assert.Single(await BacklogAsync(owner.Ledger));
        Assert.Equal(new StatusAnswer(answer.MessageId, LedgerStatus.Pending, answer.Sequence), await FindAsync(other, answer.MessageId));

        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(answer.Sequence, new PacketId(1))] });
        await AssertStatusAsync(other, LedgerStatus.Pending, answer.MessageId);
        await owner.CommitAsync(commit => commit with { Releases = [new ReleaseOp(new PacketId(1), 1)] });
        await AssertStatusAsync(other, LedgerStatus.Pending, answer.MessageId);
        await owner.ConfirmAsync(record, 1);
        await AssertStatusAsync(other, LedgerStatus.Confirmed, answer.MessageId);
        Assert.Equal(answer.Sequence, (await FindAsync(other, answer.MessageId)).Sequence);
    }

    [Fact]
    public async Task The_outcome_of_an_application_id_has_its_reason_code_and_time()
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message("m", "id-1")));
        var at = Now;
        await owner.ConfirmAsync(record, 1, reasonCode: 0x10);
        Assert.Equal(new StatusAnswer("id-1", LedgerStatus.Confirmed, record.Sequence, 0x10), await FindAsync(owner.Ledger, "id-1") with { FinishedAt = null });
        Assert.InRange((await FindAsync(owner.Ledger, "id-1")).FinishedAt!.Value, at, at.AddMinutes(1));
    }

    [Fact]
    public async Task Answers_come_in_the_order_of_the_ids_also_when_one_is_asked_twice()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Message("a", "a"), Message("b"));
        await owner.ConfirmAsync(sent[0], 1);
        MessageId[] asked = ["nobody", sent[1].MessageId, "a", "nobody", sent[1].MessageId];
        var answers = await owner.Ledger.FindAsync(asked, Cancel);
        Assert.Equal(asked, answers.Select(answer => answer.MessageId));
        Assert.Equal(
            [LedgerStatus.Unknown, LedgerStatus.Pending, LedgerStatus.Confirmed, LedgerStatus.Unknown, LedgerStatus.Pending],
            answers.Select(answer => answer.Status));
    }

    [Fact]
    public async Task Ids_that_were_never_given_out_are_unknown()
    {
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message()));
        await owner.ConfirmAsync(record, 1);
        await AssertStatusAsync(
            owner.Ledger, LedgerStatus.Unknown, "nobody", MessageId.ForSequence(owner.Nonce, owner.Tail + 1),
            MessageId.ForSequence(owner.Nonce + 1, record.Sequence), MessageId.ForSequence(owner.Nonce, long.MaxValue));
    }

    [Fact]
    public async Task An_automatic_id_confirmed_out_of_order_is_confirmed_and_its_neighbours_are_pending()
    {
        var owner = await OpenOwnerAsync();
        var sent = await owner.SendAsync(1, Messages(4));
        await owner.ConfirmAsync(sent[0], 1);
        await owner.ConfirmAsync(sent[1], 2);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, sent[0].MessageId, sent[1].MessageId);
        await owner.ConfirmAsync(sent[3], 4);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, sent[2].MessageId);
        Assert.Contains((await FindAsync(owner.Ledger, sent[3].MessageId)).Status, new[] { LedgerStatus.Confirmed, LedgerStatus.Pending });
        await owner.ConfirmAsync(sent[2], 3);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, [.. sent.Select(record => record.MessageId)]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application-id")]
    public async Task Whatever_was_not_confirmed_never_reads_as_confirmed_not_even_long_after(string? id)
    {
        Options = Options with { DeduplicationWindow = ShortWindow };
        var owner = await OpenOwnerAsync();
        var ids = Enumerable.Range(0, 3).Select(i => id is null ? null : $"{id}-{i}").ToArray();
        var sent = await owner.SendAsync(1, Message("dead", ids[0]), Message("purged", ids[1]), Message("confirmed"));
        var expired = await AcceptAsync(owner.Ledger, Message("expired", ids[2]));
        await owner.CommitAsync(commit => commit with
        {
            DeadLetters = [LedgerOwner.Dead(sent[0], 1), LedgerOwner.Dead(sent[1], 2)],
            Confirms = [LedgerOwner.Confirm(sent[2], 3)],
            Drops = [new DropOp(expired.Sequence, expired.MessageId, null)],
        });
        Assert.True(await owner.Ledger.PurgeAsync(sent[1].MessageId, Cancel));

        MessageId[] asked = [sent[0].MessageId, sent[1].MessageId, expired.MessageId];
        Assert.Equal(
            [LedgerStatus.DeadLettered, LedgerStatus.Purged, LedgerStatus.Expired],
            (await owner.Ledger.FindAsync(asked, Cancel)).Select(answer => answer.Status));
        await PassTheWindowAsync(owner);
        Assert.All(await owner.Ledger.FindAsync(asked, Cancel), answer => Assert.NotEqual(LedgerStatus.Confirmed, answer.Status));
        await AssertStatusAsync(owner.Ledger, LedgerStatus.DeadLettered, sent[0].MessageId);
    }

    [Fact]
    public async Task A_confirmed_id_is_known_within_the_window_and_free_long_after_it()
    {
        Options = Options with { DeduplicationWindow = ShortWindow };
        var owner = await OpenOwnerAsync();
        var record = Assert.Single(await owner.SendAsync(1, Message("m", "id-1")));
        await owner.ConfirmAsync(record, 1);
        if (HonoursTimeProvider) await PassAsync(ShortWindow * 0.9);
        var known = await AcceptAsync(owner.Ledger, Message("again", "id-1"));
        Assert.Equal((AcceptStatus.Known, LedgerStatus.Confirmed), (known.Status, known.Existing!.Status));
        Assert.Equal(CommitStatus.KnownIds, (await owner.CommitAsync(owner.Next() with { Appends = owner.Stamp((Message("again", "id-1"), 1)) })).Status);

        await PassTheWindowAsync(owner);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Unknown, "id-1");
        Assert.Equal(AcceptStatus.Accepted, (await AcceptAsync(owner.Ledger, Message("anew", "id-1"))).Status);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, "id-1");

        // What the first life left behind does not end the second one.
        await PassTheWindowAsync(owner);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, "id-1");
        Assert.Equal(AcceptStatus.Known, (await AcceptAsync(owner.Ledger, Message("third", "id-1"))).Status);
    }

    [Fact]
    public async Task A_pending_application_id_is_known_however_long_it_waits()
    {
        Options = Options with { DeduplicationWindow = ShortWindow };
        var owner = await OpenOwnerAsync();
        var answer = await AcceptAsync(owner.Ledger, Message("m", "id-1"));
        await PassTheWindowAsync(owner);
        var known = await AcceptAsync(owner.Ledger, Message("again", "id-1"));
        Assert.Equal((AcceptStatus.Known, answer.Sequence), (known.Status, known.Existing!.Sequence));
    }

    [Fact]
    public async Task The_ids_of_moved_appends_are_those_of_their_final_sequences()
    {
        var owner = await OpenOwnerAsync();
        var stamped = owner.Stamp((Message("mine"), 1));
        var theirs = await AcceptAsync(await OpenAsync(), Message("theirs"));
        var moved = await owner.CommitAsync(commit => commit with { Appends = stamped });
        Assert.Equal(stamped[0].Record.MessageId, theirs.MessageId);
        var mine = MessageId.ForSequence(owner.Nonce, moved.FirstMoved);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, theirs.MessageId, mine);
        await owner.CommitAsync(commit => commit with { Assigns = [new AssignOp(theirs.Sequence, new PacketId(1))] });
        await owner.CommitAsync(commit => commit with { Confirms = [new ConfirmOp(new PacketId(1), theirs.Sequence, theirs.MessageId, 0)] });
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Confirmed, theirs.MessageId);
        await AssertStatusAsync(owner.Ledger, LedgerStatus.Pending, mine);
    }

    [Fact]
    public async Task The_nonce_stays_the_same_for_all_owners_of_a_ledger()
    {
        var owner = await OpenOwnerAsync();
        Assert.Equal(owner.Nonce, (await TakeOverAsync(owner)).Nonce);
    }

    [Fact]
    public async Task An_object_may_be_asked_while_it_accepts()
    {
        var ledger = await OpenAsync();
        await AcceptAsync(ledger, Message());
        var accepting = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++) await ledger.AcceptAsync(Messages(20), Cancel);
        }, Cancel);
        while (!accepting.IsCompleted) await AssertStatusAsync(ledger, LedgerStatus.Unknown, "nobody", "none");
        await accepting;
    }
}
