using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>Without the lease: accepted here, sent by another process, and every waiter answered.</summary>
public sealed class StandbyTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private readonly InMemoryLedgerStore _store = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_published_without_the_lease_stands_in_the_backlog_in_its_order()
    {
        await using var standby = await StandbyAsync();
        var tickets = Enumerable.Range(0, 2000).Select(i => standby.Publish($"t/{i}")).ToList();
        foreach (var ticket in tickets) await ticket.Done.WaitAsync(Deadline, Cancel);
        Assert.All(tickets, ticket => Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status));
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"t/{i}"), (await standby.Ledger.ReadBacklogAsync(0, 5000, Cancel)).Select(record => record.Topic));
    }

    [Fact]
    public async Task The_confirm_of_the_owner_answers_who_waits_here()
    {
        await using var standby = await StandbyAsync();
        var ticket = standby.Publish("t/1", wantsConfirm: true);
        await AcceptedAsync(ticket);
        await ConfirmAllAsync(0x10);
        var receipt = await ticket.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal((PublishOutcome.Confirmed, "t/1", (byte?)0x10, true), (receipt!.Outcome, receipt.Topic, receipt.ReasonCode, receipt.NoMatchingSubscribers));
        Assert.Equal(ticket.Answer!.Value.MessageId, receipt.MessageId);
    }

    [Fact]
    public async Task An_end_that_was_told_before_the_accept_was_answered_is_not_missed()
    {
        var ledger = new SlowAnswers(new InMemoryAckLedger(_store));
        await using var standby = await StandbyAsync(ledger);
        ledger.Hold();
        var ticket = standby.Publish(wantsConfirm: true);
        await ledger.Stored.Task.WaitAsync(Deadline, Cancel);
        await ConfirmAllAsync();
        await standby.SettleAsync();
        ledger.LetGo();
        Assert.Equal(PublishOutcome.Confirmed, (await ticket.Done.WaitAsync(Deadline, Cancel))!.Outcome);
    }

    [Fact]
    public async Task An_end_that_nobody_tells_is_found_by_asking()
    {
        var clock = new FakeTimeProvider();
        var deaf = new DeafLedger(new InMemoryAckLedger(_store));
        await using var standby = await StandbyAsync(deaf, time: clock);
        var ticket = standby.Publish(wantsConfirm: true);
        await AcceptedAsync(ticket);
        await ConfirmAllAsync();
        while (!ticket.Done.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await standby.SettleAsync();
        }

        Assert.Equal(PublishOutcome.Confirmed, (await ticket.Done)!.Outcome);
    }

    [Fact]
    public async Task Who_asks_later_is_answered_at_once_or_when_it_ends()
    {
        await using var standby = await StandbyAsync();
        var first = standby.Publish();
        await AcceptedAsync(first);
        await ConfirmAllAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await standby.AwaitAsync(first.Answer!.Value).WaitAsync(Deadline, Cancel))!.Outcome);

        var second = standby.Publish();
        await AcceptedAsync(second);
        var waiting = standby.AwaitAsync(second.Answer!.Value);
        await standby.SettleAsync();
        await ConfirmAllAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await waiting.WaitAsync(Deadline, Cancel))!.Outcome);
    }

    [Fact]
    public async Task A_known_id_is_answered_with_what_is_known()
    {
        await using var standby = await StandbyAsync();
        await AcceptedAsync(standby.Publish(id: "id-1"));
        var again = standby.Publish(id: "id-1");
        await again.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal((AcceptStatus.Known, LedgerStatus.Pending, 1L), (again.Answer!.Value.Status, again.Answer.Value.Existing!.Status, again.Answer.Value.Sequence));
    }

    [Fact]
    public async Task A_full_ledger_refuses_or_lets_wait_as_the_policy_says()
    {
        await using var refusing = await StandbyAsync(maxPending: 1, overflow: OverflowPolicy.Reject);
        await AcceptedAsync(refusing.Publish());
        var refused = refusing.Publish();
        await refused.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal(AcceptStatus.Full, refused.Answer!.Value.Status);

        await using var waiting = await StandbyAsync(maxPending: 1, overflow: OverflowPolicy.Wait);
        var patient = waiting.Publish("patient");
        var next = waiting.Publish("next");
        await waiting.SettleAsync();
        Assert.False(patient.Done.IsCompleted);
        await ConfirmAllAsync();
        await AcceptedAsync(patient);
        await ConfirmAllAsync();
        await AcceptedAsync(next);
    }

    [Fact]
    public async Task What_was_withdrawn_while_it_waited_for_room_is_not_stored()
    {
        await using var standby = await StandbyAsync(maxPending: 1, overflow: OverflowPolicy.Wait);
        await AcceptedAsync(standby.Publish("first"));
        var late = standby.Publish("late");
        while (!late.TryWithdraw()) await standby.SettleAsync();
        await ConfirmAllAsync();
        await AcceptedAsync(standby.Publish("last"));
        Assert.Equal(["last"], (await standby.Ledger.ReadBacklogAsync(0, 10, Cancel)).Select(record => record.Topic));
    }

    [Fact]
    public async Task A_message_does_not_overtake_an_accept_that_is_on_its_way_when_the_lease_comes()
    {
        var ledger = new SlowAnswers(new InMemoryAckLedger(_store));
        await using var standby = await StandbyAsync(ledger);
        ledger.Hold();
        standby.Publish("1");
        await ledger.Stored.Task.WaitAsync(Deadline, Cancel);
        await standby.OwnAsync();
        standby.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var second = standby.Publish("2");
        await standby.SettleAsync();
        Assert.Null(second.Answer);

        ledger.LetGo();
        Assert.Equal(["1", "2"], (await standby.SentAsync(2)).Select(packet => packet.Record!.Topic));
    }

    [Fact]
    public async Task Who_waits_is_answered_also_when_this_process_becomes_the_owner()
    {
        await using var standby = await StandbyAsync();
        var ticket = standby.Publish(wantsConfirm: true);
        await AcceptedAsync(ticket);
        await standby.OwnAsync();
        Assert.Null(await ticket.Done.WaitAsync(Deadline, Cancel)); // The caller asks for the rest.
        standby.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var sent = Assert.Single(await standby.SentAsync(1));
        // Not before: until a new owner has read its backlog, it sends whoever asks to the ledger.
        var waiting = standby.AwaitAsync(ticket.Answer!.Value);
        standby.Pump.OnAck(1, new Ack(AckKind.PubAck, sent.PacketId));
        Assert.Equal(PublishOutcome.Confirmed, (await waiting.WaitAsync(Deadline, Cancel))!.Outcome);
    }

    [Fact]
    public async Task A_flush_waits_for_the_owner_and_the_drain_of_a_disposal_only_for_what_is_its_own()
    {
        await using var standby = await StandbyAsync();
        standby.Publish();
        var (flush, drain) = (standby.Flush(), standby.Flush(ownOnly: true));
        await drain.Source.Task.WaitAsync(Deadline, Cancel);
        Assert.False(flush.Source.Task.IsCompleted);
        await ConfirmAllAsync();
        await flush.Source.Task.WaitAsync(Deadline, Cancel);
    }

    [Fact]
    public async Task A_fenced_owner_stores_by_its_id_what_it_cannot_know_to_be_stored()
    {
        await using var fenced = new PumpHarness(new InMemoryAckLedger(_store));
        await OpenAsync(fenced.Ledger);
        await fenced.OwnAsync();
        await using var other = new PumpHarness(new InMemoryAckLedger(_store));
        await OpenAsync(other.Ledger);
        await fenced.Ledger.ReleaseAsync((await fenced.Ledger.AcquireAsync(Cancel)).Epoch!.Value, Cancel);
        await other.OwnAsync();

        var ticket = fenced.Publish(id: "id-1");
        await fenced.SettleAsync();
        fenced.StandBy();
        await AcceptedAsync(ticket);
        Assert.Equal("id-1", Assert.Single(await other.Ledger.ReadBacklogAsync(0, 10, Cancel)).MessageId.Value);
    }

    [Fact]
    public void What_an_earlier_attempt_may_have_stored_is_not_called_unstored_when_it_is_withdrawn()
    {
        var ticket = new PublishTicket(wantsConfirm: false);
        Assert.True(ticket.TryTake());
        ticket.GiveBack(mayBeStored: true);
        Assert.True(ticket.TryTake());
        ticket.GiveBack(); // This attempt has certainly stored nothing, which says nothing of the one before.
        Assert.True(ticket.TryWithdraw());
        Assert.False(ticket.IsWithdrawn);
    }

    private async Task<PumpHarness> StandbyAsync(AckLedger? ledger = null, long maxPending = 1_000_000, OverflowPolicy overflow = OverflowPolicy.Wait, TimeProvider? time = null)
    {
        var settings = new SessionSettings { Overflow = overflow, RetryDelay = _ => TimeSpan.FromMilliseconds(1) };
        var harness = new PumpHarness(ledger ?? new InMemoryAckLedger(_store), settings, time);
        await OpenAsync(harness.Ledger, maxPending);
        harness.StandBy();
        return harness;
    }

    private static async Task OpenAsync(AckLedger ledger, long maxPending = 1_000_000) =>
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p", MaxPending = maxPending }, Cancel);

    private static async Task AcceptedAsync(PublishTicket ticket)
    {
        await Deadlined.Until(() => ticket.Answer is not null);
        Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status);
    }

    /// <summary>Another process takes the lease, and confirms all that is there.</summary>
    private async Task ConfirmAllAsync(byte code = 0)
    {
        await using var ledger = new InMemoryAckLedger(_store);
        await OpenAsync(ledger);
        var owner = await LedgerOwner.RecoverAsync(ledger, (await ledger.AcquireAsync(Cancel)).Epoch!.Value, TimeProvider.System);
        var records = await ledger.ReadBacklogAsync(0, 100, Cancel);
        await owner.CommitAsync(commit => commit with { Assigns = [.. records.Select((record, i) => new AssignOp(record.Sequence, new PacketId((ushort)(i + 1))))] });
        await owner.CommitAsync(commit => commit with
        {
            Confirms = [.. records.Select((record, i) => new ConfirmOp(new PacketId((ushort)(i + 1)), record.Sequence, record.MessageId, code, record.Acceptor))],
        });
        await ledger.ReleaseAsync(owner.Epoch, Cancel);
    }

    /// <summary>Stores at once, and answers when it is told to.</summary>
    private sealed class SlowAnswers(AckLedger inner) : DelegatingLedger(inner)
    {
        private TaskCompletionSource? _go;

        public TaskCompletionSource Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Hold() => _go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void LetGo() => _go!.SetResult();

        public override async ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
        {
            var answers = await base.AcceptAsync(records, cancellationToken);
            if (Interlocked.Exchange(ref _go, _go) is not { } go) return answers;
            Stored.TrySetResult();
            await go.Task.WaitAsync(cancellationToken);
            return answers;
        }
    }

    /// <summary>Tells nothing by itself: events of the inner one are not passed on.</summary>
    private sealed class DeafLedger(AckLedger inner) : DelegatingLedger(inner, passesEvents: false);
}
