using System.Collections.Concurrent;
using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Many callers at once, each doing anything that the interface allows, while connections break. Each call has an answer, and each answer is true.
public sealed class ParallelCallersTests
{
    private const int Callers = 8, Calls = 60, Names = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(0)] // another one each time
    public async Task Every_call_has_an_answer_and_every_answer_is_true(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next(2, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        // By payload: every answer that a caller got. A name is used by several callers, with one message id.
        var answers = new ConcurrentQueue<(string Payload, PublishReceipt Receipt)>();
        var calling = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(publisher, caller, new Random(seed + caller), answers), Cancel)));
        await BreakAsync(rig, calling, new Random(seed));
        await calling.WaitAsync(Limit, Cancel);
        await publisher.FlushAsync(Cancel).WaitAsync(Limit, Cancel);

        var delivered = (await rig.DeliveriesAsync()).GroupBy(delivery => delivery.Payload).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal([], delivered.Where(pair => pair.Value > 1).Select(pair => pair.Key));
        foreach (var (payload, receipt) in answers)
        {
            var now = receipt.MessageId.IsEmpty ? null : await publisher.Receipt(receipt.MessageId);
            var text = $"seed {seed}, {payload}: was {receipt.Outcome}, is {now?.Outcome}, delivered {delivered.GetValueOrDefault(payload)}";
            if (receipt.Outcome is PublishOutcome.Confirmed or PublishOutcome.Pending) Assert.True(now?.Outcome == PublishOutcome.Confirmed && delivered.ContainsKey(payload), text);
            if (receipt.Outcome == PublishOutcome.NotAccepted && !payload.StartsWith('n')) Assert.False(delivered.ContainsKey(payload), text);
        }

        Assert.True(answers.Count > Callers * Calls / 2, $"{answers.Count} answers");
        await rig.AssertNothingStoredAsync();
    }

    [Fact]
    public async Task Callers_that_are_surprised_by_the_end_get_an_answer_too()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var answers = new ConcurrentQueue<(string Payload, PublishReceipt Receipt)>();
        var calling = Enumerable.Range(0, Callers).Select(caller => Task.Run(() => CallAsync(publisher, caller, new Random(caller), answers), Cancel)).ToList();
        await Eventually.Async(() => answers.Count > 20, "calls are under way");
        await publisher.DisposeAsync();
        foreach (var call in calling) await call.WaitAsync(Limit, Cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.All(calling, call => Assert.True(call.IsCompletedSuccessfully || call.Exception?.InnerException is ObjectDisposedException, $"{call.Status} {call.Exception}"));
    }

    private static async Task CallAsync(ReliablePublisher publisher, int caller, Random random, ConcurrentQueue<(string Payload, PublishReceipt Receipt)> answers)
    {
        for (var i = 0; i < Calls; i++)
        {
            var name = random.Next(3) == 0 ? $"n{random.Next(Names)}" : null;
            var payload = name ?? string.Create(CultureInfo.InvariantCulture, $"{caller}-{i}");
            var message = name is null ? PublisherCalls.Message(payload) : PublisherCalls.WithId(name, payload);
            using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            try
            {
                switch (random.Next(7))
                {
                    case 0 or 1:
                        answers.Enqueue((payload, await publisher.PublishAsync(message, Cancel)));
                        break;
                    case 2:
                        answers.Enqueue((payload, (await publisher.EnqueueAsync(message, Cancel)).Receipt));
                        break;
                    case 3:
                        given.CancelAfter(random.Next(5));
                        answers.Enqueue((payload, await publisher.PublishAsync(message, given.Token)));
                        break;
                    case 4:
                        foreach (var pending in await publisher.EnqueueBatchAsync([message], Cancel)) answers.Enqueue((payload, pending.Receipt));
                        break;
                    case 5:
                        answers.Enqueue((payload, await publisher.TryPublishAsync(message, Cancel)));
                        break;
                    default:
                        await publisher.Receipt($"n{random.Next(Names)}");
                        _ = publisher.Status;
                        break;
                }
            }
            catch (OperationCanceledException) when (given.IsCancellationRequested && !Cancel.IsCancellationRequested)
            {
                // Its fate is not known to the caller.
            }
            catch (ReliablePublishException error) when (error.Reason != PublishFailure.PublisherDisposed)
            {
                answers.Enqueue((payload, error.Receipt));
            }
            catch (ReliablePublishException)
            {
                return;
            }
        }
    }

    private static async Task BreakAsync(Rig rig, Task calling, Random random)
    {
        for (var i = 0; i < 15 && !calling.IsCompleted; i++)
        {
            var next = rig.Tap.Packets.Count + random.Next(40);
            await Eventually.Async(() => rig.Tap.Packets.Count > next || calling.IsCompleted, "packets flow");
            rig.Proxy.Cut();
            if (i % 3 == 0) rig.Proxy.CutAfter(Direction.ToBroker, random.Next(500));
        }
    }
}
