using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Order: one sequence for all messages of a publisher id, whoever accepts them, and a backlog that nobody overtakes.
public abstract partial class AckLedgerConformance
{
    [Fact]
    public async Task Accepted_messages_get_rising_sequences_and_automatic_ids_of_them()
    {
        var ledger = await OpenAsync();
        var answers = await ledger.AcceptAsync(Messages(3), Cancel);
        var owner = await AcquireAsync(ledger);

        Assert.All(answers, answer => Assert.Equal(AcceptStatus.Accepted, answer.Status));
        Assert.True(answers[0].Sequence > 0);
        Assert.Equal([answers[0].Sequence, answers[0].Sequence + 1, answers[0].Sequence + 2], answers.Select(answer => answer.Sequence));
        Assert.All(answers, answer => Assert.Equal(MessageId.ForSequence(owner.Nonce, answer.Sequence), answer.MessageId));
        Assert.Equal(answers[2].Sequence, owner.Tail);
    }

    [Fact]
    public async Task The_backlog_has_the_order_of_the_accepts_of_two_processes()
    {
        var a = await OpenAsync();
        var b = await OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await a.AcceptAsync([Message($"{i}a0"), Message($"{i}a1")], Cancel);
            await AcceptAsync(b, Message($"{i}b"));
        }

        var expected = Enumerable.Range(0, 5).SelectMany(i => new[] { $"{i}a0", $"{i}a1", $"{i}b" });
        var backlog = await BacklogAsync(a);
        Assert.Equal(expected, Texts(backlog));
        Assert.Equal(backlog.Select(LedgerOwner.Describe), (await BacklogAsync(b)).Select(LedgerOwner.Describe));
        Assert.Equal(backlog.Select(record => record.Sequence).Order(), backlog.Select(record => record.Sequence));
    }

    [Fact]
    public async Task Owner_appends_between_the_accepts_of_others_keep_their_place()
    {
        var owner = await OpenOwnerAsync();
        var other = await OpenAsync();
        for (var i = 0; i < 4; i++)
        {
            await AcceptAsync(other, Message($"{i}other"));
            await owner.CommitAsync(commit => commit with { Appends = owner.Stamp((Message($"{i}owner"), null)) });
        }

        Assert.Equal(Enumerable.Range(0, 4).SelectMany(i => new[] { $"{i}other", $"{i}owner" }), Texts(await BacklogAsync(other)));
    }

    [Fact]
    public async Task Concurrent_accepts_lose_nothing_and_keep_the_order_of_each_caller()
    {
        AckLedger[] ledgers = [await OpenAsync(), await OpenAsync(), await OpenAsync()];
        await Task.WhenAll(ledgers.Select((ledger, who) => Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++) await AcceptAsync(ledger, Message($"{who}:{i:d2}"));
        })));

        var backlog = await BacklogAsync(ledgers[0]);
        Assert.Equal(120, backlog.Select(record => record.Sequence).Distinct().Count());
        for (var who = 0; who < ledgers.Length; who++)
            Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{who}:{i:d2}"), Texts(backlog).Where(text => text.StartsWith($"{who}:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_backlog_is_read_in_pages_after_a_sequence()
    {
        var ledger = await OpenAsync();
        var answers = await ledger.AcceptAsync(Messages(10), Cancel);
        Assert.Equal(["m0", "m1", "m2", "m3"], Texts(await ledger.ReadBacklogAsync(0, 4, Cancel)));
        Assert.Equal(["m4", "m5", "m6", "m7"], Texts(await ledger.ReadBacklogAsync(answers[3].Sequence, 4, Cancel)));
        Assert.Equal(["m8", "m9"], Texts(await ledger.ReadBacklogAsync(answers[7].Sequence, 4, Cancel)));
        Assert.Empty(await ledger.ReadBacklogAsync(answers[9].Sequence, 4, Cancel));
    }

    [Fact]
    public async Task Paging_goes_on_where_it_was_when_the_head_has_left_meanwhile()
    {
        var owner = await OpenOwnerAsync();
        await owner.Ledger.AcceptAsync(Messages(6), Cancel);
        owner.Tail += 6;
        var first = await owner.Ledger.ReadBacklogAsync(0, 3, Cancel);
        await owner.CommitAsync(commit => commit with
        {
            Assigns = [new AssignOp(first[0].Sequence, new PacketId(1)), new AssignOp(first[1].Sequence, new PacketId(2))],
        });
        Assert.Equal(["m3", "m4"], Texts(await owner.Ledger.ReadBacklogAsync(first[2].Sequence, 2, Cancel)));
        Assert.Equal(["m2", "m3"], Texts(await owner.Ledger.ReadBacklogAsync(0, 2, Cancel)));
    }

    [Fact]
    public async Task Accept_wakes_others_when_the_backlog_was_empty()
    {
        var owner = await OpenOwnerAsync();
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        owner.Ledger.Changed += change =>
        {
            if (change == LedgerChange.Backlog) woken.TrySetResult();
        };
        await AcceptAsync(await OpenAsync(), Message());
        await woken.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task An_empty_accept_is_an_empty_answer() => Assert.Empty(await (await OpenAsync()).AcceptAsync([], Cancel));
}
