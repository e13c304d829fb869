using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

/// <summary>A ledger that calls its own call cancelled, though nobody has asked for that, leaves nobody waiting.</summary>
public class CancelledCallsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cancelled_accept_is_tried_again()
    {
        await using var pump = await OpenAsync(new CancellingLedger { Accepts = 1 });
        pump.StandBy();
        var ticket = pump.Publish();
        await ticket.Done.WaitAsync(Deadline, Cancel);
        Assert.Equal(AcceptStatus.Accepted, ticket.Answer!.Value.Status);
    }

    [Fact]
    public async Task A_cancelled_commit_ends_the_session_and_tells_that_nothing_is_known()
    {
        await using var pump = await OpenAsync(new CancellingLedger { Commits = 1 });
        var told = new TaskCompletionSource<CommitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        pump.Pump.Disobeyed = told.SetResult;
        await pump.OwnAsync();
        var ticket = pump.Publish();
        Assert.Equal(CommitStatus.RolledBack, await told.Task.WaitAsync(Deadline, Cancel));
        var error = await Assert.ThrowsAsync<ReliablePublishException>(() => ticket.Done.WaitAsync(Deadline, Cancel));
        Assert.Equal(PublishOutcome.Unknown, error.Receipt!.Outcome);
    }

    [Fact]
    public async Task A_cancelled_look_at_the_backlog_is_repeated()
    {
        var ledger = new CancellingLedger { Reads = 1 };
        await using var pump = await OpenAsync(ledger);
        await ledger.AcceptAsync([new LedgerRecord { Topic = "t", QualityOfService = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce }], Cancel);
        await pump.OwnAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        await pump.SettleAsync();
        pump.Pump.Post(new(PumpInputKind.Counted) { Subject = await ledger.GetStatisticsAsync(Cancel) });
        Assert.Equal("t", Assert.Single(await pump.SentAsync(1)).Record!.Topic);
        Assert.True(ledger.Reads < 0, "it was not read again");
    }

    private static async Task<PumpHarness> OpenAsync(CancellingLedger ledger)
    {
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        return new PumpHarness(ledger);
    }

    /// <summary>Its first calls of a kind say that they were cancelled, and have done nothing.</summary>
    private sealed class CancellingLedger() : DelegatingLedger(new InMemoryAckLedger())
    {
        public int Accepts { get; set; }

        public int Commits { get; set; }

        public int Reads { get; set; }

        public override ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken) =>
            Accepts-- > 0 ? throw new OperationCanceledException("of its own") : base.AcceptAsync(records, cancellationToken);

        public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) =>
            Commits-- > 0 ? ValueTask.FromException<CommitResult>(new OperationCanceledException("of its own")) : base.CommitAsync(commit, cancellationToken);

        public override ValueTask<IReadOnlyList<LedgerRecord>> ReadBacklogAsync(long afterSequence, int count, CancellationToken cancellationToken) =>
            Reads-- > 0 ? throw new OperationCanceledException("of its own") : base.ReadBacklogAsync(afterSequence, count, cancellationToken);
    }
}
