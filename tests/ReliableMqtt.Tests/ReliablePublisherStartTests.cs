using System.Collections.Concurrent;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tests;

/// <summary>Proves that whoever prepares a publisher does so before it acts: a host attaches the handlers that were given to it then, and they miss nothing.</summary>
public sealed class ReliablePublisherStartTests
{
    [Fact]
    public async Task It_is_prepared_before_it_asks_for_the_lease()
    {
        var order = new ConcurrentQueue<string>();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new ReliablePublisherOptions
        {
            PublisherId = "p",
            Mqtt = client => client.WithTcpServer("127.0.0.1", 1),
            Ledger = new AskedLedger(new InMemoryAckLedger(), () =>
            {
                order.Enqueue("lease");
                asked.TrySetResult();
            }),
            ShutdownTimeout = TimeSpan.Zero,
        };
        await using var publisher = await ReliablePublisher.StartPreparedAsync(
            options,
            _ =>
            {
                // Had the publisher begun, it would ask now.
                SpinWait.SpinUntil(() => asked.Task.IsCompleted, TimeSpan.FromMilliseconds(200));
                order.Enqueue("prepared");
            },
            TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(["prepared", "lease"], order.Take(2));
    }

    private sealed class AskedLedger(AckLedger inner, Action asked) : DelegatingLedger(inner)
    {
        public override ValueTask<LeaseGrant> AcquireAsync(CancellationToken cancellationToken)
        {
            asked();
            return base.AcquireAsync(cancellationToken);
        }
    }
}
