using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>The pump and the owner's loop, when the ledger has lost writes.</summary>
public class PumpRestoreTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everybody_gets_the_answer_that_he_would_have_got_without_the_loss()
    {
        var ledger = new LosingLedger();
        await using var pump = await OwnedAsync(ledger);
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var goBack = ledger.Save();
        var first = pump.Publish(wantsConfirm: true);
        var sent = Assert.Single(await pump.SentAsync(1));
        goBack();
        var second = pump.Publish(wantsConfirm: true); // Its commit finds out.
        await pump.SentAsync(2);

        pump.Pump.OnAck(1, new Ack(AckKind.PubAck, sent.PacketId));
        pump.Pump.OnAck(1, new Ack(AckKind.PubAck, pump.Sent[1].PacketId));
        Assert.Equal(PublishOutcome.Confirmed, (await first.Done.WaitAsync(Deadline, Cancel))!.Outcome);
        Assert.Equal(PublishOutcome.Confirmed, (await second.Done.WaitAsync(Deadline, Cancel))!.Outcome);
        Assert.NotEqual(sent.PacketId, pump.Sent[1].PacketId);
        Assert.Empty(pump.Recycled);
        Assert.Equal(1, ledger.Restores);
    }

    [Fact]
    public async Task Nothing_leaves_before_the_ledger_has_it_all_again()
    {
        var ledger = new LosingLedger();
        await using var pump = await OwnedAsync(ledger);
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var goBack = ledger.Save();
        pump.Publish();
        await pump.SentAsync(1);
        goBack();
        ledger.Out = true;
        var ticket = pump.Publish();
        await ledger.Asked.Task.WaitAsync(Deadline, Cancel);
        pump.Pump.OnConnectionLost(1, new ConnectionLoss(LossCause.Peer));
        pump.Pump.OnConnected(new ConnectionInfo(2, SessionPresent: true));
        await pump.SettleAsync();
        Assert.Single(pump.Sent);
        Assert.False(ticket.Done.IsCompleted);

        ledger.Out = false;
        await ticket.Done.WaitAsync(Deadline, Cancel);
        var sent = await pump.SentAsync(3);
        Assert.True(sent[1].Dup);
        Assert.False(sent[2].Dup);
    }

    [Fact]
    public async Task Who_waits_for_a_message_that_nobody_knows_is_sent_to_the_ledger()
    {
        var ledger = new LosingLedger { ReadsOut = true };
        await using var pump = await OwnedAsync(ledger);
        var goBack = ledger.Save();
        var theirs = await ledger.AcceptAndDieAsync(new LedgerRecord { Topic = "theirs", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce });
        var mine = pump.Publish(wantsConfirm: true);
        for (var i = 0; i < 1000 && mine.Answer is null; i++) await pump.SettleAsync(); // A turn follows the inputs that it takes.
        Assert.Equal(theirs.Sequence + 1, Assert.NotNull(mine.Answer).Sequence);
        var waiter = new EndWaiter(theirs.Sequence, theirs.MessageId, new TaskCompletionSource<PublishReceipt?>(TaskCreationOptions.RunContinuationsAsynchronously));
        pump.Pump.Post(new(PumpInputKind.Await) { Subject = waiter });
        await pump.SettleAsync();
        Assert.False(waiter.Source.Task.IsCompleted);

        goBack();
        pump.Publish();
        Assert.Null(await waiter.Source.Task.WaitAsync(Deadline, Cancel));
        Assert.Equal(LedgerStatus.Unknown, Assert.Single(await ledger.FindAsync([theirs.MessageId], Cancel)).Status);
        await pump.SettleAsync();
        Assert.False(mine.Done.IsCompleted);
    }

    [Fact]
    public async Task A_restore_that_comes_too_late_ends_the_ownership()
    {
        var ledger = new LosingLedger { Answer = new RestoreResult { Status = RestoreStatus.Fenced } };
        await using var pump = await OwnedAsync(ledger);
        var told = new TaskCompletionSource<CommitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        pump.Pump.Disobeyed = told.SetResult;
        var waiting = pump.Publish(wantsConfirm: true);
        await pump.SettleAsync();

        pump.Pump.Post(new(PumpInputKind.RolledBack));
        Assert.Equal(CommitStatus.Fenced, await told.Task.WaitAsync(Deadline, Cancel));
        Assert.Null(await waiting.Done.WaitAsync(Deadline, Cancel));
    }

    [Fact]
    public async Task A_ledger_that_breaks_its_contract_in_a_restore_is_left_and_read_anew()
    {
        var ledger = new LosingLedger { Failure = new InvalidOperationException("a bug") };
        await using var pump = await OwnedAsync(ledger);
        var told = new TaskCompletionSource<CommitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        pump.Pump.Disobeyed = told.SetResult;
        pump.Pump.Post(new(PumpInputKind.RolledBack));
        Assert.Equal(CommitStatus.RolledBack, await told.Task.WaitAsync(Deadline, Cancel));
    }

    [Fact]
    public async Task A_loss_is_found_by_a_renewal_when_there_is_nothing_to_commit()
    {
        var ledger = new LosingLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await using var pump = new PumpHarness(ledger);
        var owning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goBack = ledger.Save(); // Before the acquisition.
        var ownership = new Ownership("p", ledger, pump.Pump, new SessionSettings(), TimeSpan.FromMilliseconds(150), TimeProvider.System, NullLogger.Instance)
        {
            Changed = isOwner => { if (isOwner) owning.TrySetResult(); },
        };
        using var stop = new CancellationTokenSource();
        var running = ownership.RunAsync(stop.Token);
        await owning.Task.WaitAsync(Deadline, Cancel);
        var ticket = pump.Publish();
        await ticket.Done.WaitAsync(Deadline, Cancel);
        goBack();
        await ledger.Restored.Task.WaitAsync(Deadline, Cancel);
        Assert.Equal(LedgerStatus.Pending, Assert.Single(await ledger.FindAsync([ticket.Answer!.Value.MessageId], Cancel)).Status);
        Assert.True(ownership.IsOwner);
        await stop.CancelAsync();
        await running;
    }

    private static async Task<PumpHarness> OwnedAsync(LosingLedger ledger)
    {
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        var pump = new PumpHarness(ledger);
        await pump.OwnAsync();
        return pump;
    }

    /// <summary>A ledger that can be made to lose its latest writes, and to fail when they come back.</summary>
    private sealed class LosingLedger(InMemoryLedgerStore store) : DelegatingLedger(new InMemoryAckLedger(store))
    {
        private readonly InMemoryLedgerStore _store = store;

        public volatile bool Out;

        public LosingLedger() : this(new InMemoryLedgerStore()) { }

        public bool ReadsOut { get; init; }

        public RestoreResult? Answer { get; init; }

        public Exception? Failure { get; init; }

        public int Restores { get; private set; }

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Restored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action Save()
        {
            var saved = _store.Of("p").Save();
            return () => _store.Of("p").GoBack(saved);
        }

        /// <summary>As another process, which will not know it any more.</summary>
        public async Task<AcceptAnswer> AcceptAndDieAsync(LedgerRecord record)
        {
            await using var other = new InMemoryAckLedger(_store);
            await other.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
            return Assert.Single(await other.AcceptAsync([record], Cancel));
        }

        public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
            ReadsOut ? ValueTask.FromException<IReadOnlyList<LedgerRecord>>(new LedgerUnavailableException("out")) : base.ReadBacklogAsync(afterSequence, count, cancellationToken);

        public override async ValueTask<RestoreResult> RestoreAsync(LedgerRestore restore, CancellationToken cancellationToken)
        {
            Asked.TrySetResult();
            if (Failure is not null) throw Failure;
            if (Answer is not null) return Answer;
            if (Out) throw new LedgerUnavailableException("out");
            var result = await base.RestoreAsync(restore, cancellationToken);
            Restores++;
            Restored.TrySetResult();
            return result;
        }
    }
}
