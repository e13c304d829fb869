using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Protocol;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

// Proves when a flush is over: the messages here have expired, so that they come to their end without a broker.
public sealed class FlushTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flush_ends_under_the_next_owner_when_the_first_lost_the_ledger_before_its_answer()
    {
        var ledger = new HeldLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await using var pump = new PublisherPump(ledger, TimeProvider.System, NullLogger.Instance);
        await OwnAsync(pump, ledger);
        ledger.Hold();
        pump.Post(Publish());
        await ledger.Held.WaitAsync(Cancel);
        pump.Post(Publish());
        var flush = new FlushWaiter();
        pump.Post(new(PumpInputKind.Flush) { Subject = flush });

        pump.Post(new(PumpInputKind.Disowned));
        ledger.LetGo();
        await OwnAsync(pump, ledger);
        await flush.Source.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
    }

    [Fact]
    public async Task A_flush_does_not_wait_for_what_was_given_after_it_although_the_ledger_was_busy()
    {
        var ledger = new HeldLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await using var pump = new PublisherPump(ledger, TimeProvider.System, NullLogger.Instance);
        await OwnAsync(pump, ledger);
        ledger.Hold();
        pump.Post(Publish());
        await ledger.Held.WaitAsync(Cancel);
        pump.Post(Publish());
        var flush = new FlushWaiter();
        pump.Post(new(PumpInputKind.Flush) { Subject = flush });
        pump.Post(Publish(expired: false));
        ledger.LetGo();
        await flush.Source.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(2, flush.UpTo);
    }

    [Fact]
    public async Task A_flush_waits_until_the_confirm_is_stored()
    {
        var ledger = new HeldLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        await using var pump = new PumpHarness(ledger);
        await pump.OwnAsync();
        pump.Pump.OnConnected(new ConnectionInfo(1, SessionPresent: false));
        var ticket = pump.Publish(wantsConfirm: true);
        var sent = await pump.SentAsync(1);
        ledger.Hold();
        pump.Pump.OnAck(1, new Ack(AckKind.PubAck, sent[0].PacketId));
        // The broker has it, which the caller may know; the ledger does not know it yet, and a process that ended here would leave it to be sent again.
        await ticket.Done.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        var flush = pump.Flush(ownOnly: true);
        await ledger.Held.WaitAsync(Cancel);
        await pump.SettleAsync();
        await pump.SettleAsync();
        Assert.False(flush.Source.Task.IsCompleted);
        ledger.LetGo();
        await flush.Source.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(0, (await ledger.GetStatisticsAsync(Cancel)).InFlight);
    }

    private static async Task OwnAsync(PublisherPump pump, HeldLedger ledger)
    {
        var epoch = (await ledger.AcquireAsync(Cancel)).Epoch!.Value;
        await pump.OwnAsync(new PublishSession(new SessionSettings(), epoch, await ledger.RecoverAsync(epoch, Cancel)));
    }

    private static PumpInput Publish(bool expired = true) => new(PumpInputKind.Publish)
    {
        Record = new LedgerRecord
        {
            Topic = "t",
            QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
            ExpiresAt = expired ? DateTimeOffset.UnixEpoch : null,
        },
        Subject = new PublishTicket(wantsConfirm: false),
    };

    /// <summary>A ledger that keeps its next commit back for a while.</summary>
    private sealed class HeldLedger() : DelegatingLedger(new InMemoryAckLedger())
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _holds;

        public Task Held => _held.Task;

        public void Hold() => _holds = true;

        public void LetGo() => _released.SetResult();

        public override async ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken)
        {
            await Task.Yield();
            if (_holds)
            {
                _holds = false;
                _held.SetResult();
                await _released.Task.WaitAsync(cancellationToken);
            }

            return await base.CommitAsync(commit, cancellationToken);
        }
    }
}
