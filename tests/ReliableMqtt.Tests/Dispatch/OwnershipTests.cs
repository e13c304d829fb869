using Microsoft.Extensions.Logging.Abstractions;
using ReliableMqtt.Dispatch;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Dispatch;

public sealed class OwnershipTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_connection_is_asked_for_before_the_pump_knows_whether_it_must_be_a_clean_start()
    {
        var ledger = await LedgerWithSessionAsync();
        using var stalled = new StalledClock();
        await using var pump = new PublisherPump(ledger, stalled, NullLogger.Instance);
        var asked = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ownership = new Ownership("p", ledger, pump, new SessionSettings(), TimeSpan.FromSeconds(5), TimeProvider.System, NullLogger.Instance)
        {
            Changed = isOwner => { if (isOwner) asked.TrySetResult(pump.CleanStart); },
        };
        using var stop = new CancellationTokenSource();

        // With this ledger it runs on until it waits for something: the pump, which stands still.
        var running = ownership.RunAsync(stop.Token);
        stalled.Go();
        Assert.False(await asked.Task.WaitAsync(Cancel), "a clean start would end the session that holds what must be resumed");

        await stop.CancelAsync();
        await running;
    }

    private static async Task<InMemoryAckLedger> LedgerWithSessionAsync()
    {
        var ledger = new InMemoryAckLedger();
        await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, Cancel);
        var epoch = (await ledger.AcquireAsync(Cancel)).Epoch!.Value;
        await ledger.CommitAsync(new LedgerCommit { Epoch = epoch, Operation = 1, ExpectedTail = 0, Session = BrokerSession.Established }, Cancel);
        await ledger.ReleaseAsync(epoch, Cancel);
        return ledger;
    }

    /// <summary>Lets nobody read the time until it is told to.</summary>
    private sealed class StalledClock : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _going = new();

        public void Go() => _going.Set();

        public override DateTimeOffset GetUtcNow()
        {
            _going.Wait(TimeSpan.FromSeconds(30), Cancel);
            return base.GetUtcNow();
        }

        public void Dispose() => _going.Dispose();
    }
}
