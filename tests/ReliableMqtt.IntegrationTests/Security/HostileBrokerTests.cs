using System.Globalization;
using Microsoft.Extensions.Logging;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Security;

// Whatever a broker sends: nothing is confirmed that it has not acknowledged, nothing is kept for ever, and the log stays readable.
public sealed class HostileBrokerTests
{
    private const int Messages = 300, StrayAckLine = 1009, UnknownIdLine = 2006;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 1)] // The second one: another seed each time.
    [InlineData(2, 2)]
    public async Task A_broker_that_lies_confirms_nothing_that_it_has_not_acknowledged(int seed, int qos)
    {
        if (seed == 2) seed = Random.Shared.Next(3, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var broker = new HostileBroker(seed, qos);
        using var log = new LogCapture();
        var ledger = new InMemoryAckLedger();
        await using var publisher = await StartAsync(broker, ledger, log);
        var begun = System.Diagnostics.Stopwatch.StartNew();

        var confirming = Enumerable.Range(0, Messages).Select(i => PublishAsync(publisher, i, qos)).ToList();
        await Eventually.Async(() => broker.Lies > 10_000 || confirming.TrueForAll(call => call.IsCompleted), () => $"{broker.Lies} lies are told", TimeSpan.FromSeconds(120));
        broker.BeHonest();
        var receipts = await Task.WhenAll(confirming).WaitAsync(TimeSpan.FromSeconds(90), Cancel);

        var falsely = Enumerable.Range(0, Messages).Where(i => receipts[i].Outcome == PublishOutcome.Confirmed && !broker.Acknowledged.ContainsKey(i));
        Assert.Equal([], falsely);
        Assert.All(receipts, receipt => Assert.True(receipt.IsFinal, $"{receipt}"));

        // It goes on, and nothing is left behind: no packet id, no entry.
        Assert.Equal(PublishOutcome.Confirmed, (await PublishAsync(publisher, Messages, qos)).Outcome);
        await publisher.FlushAsync(Cancel);
        await Eventually.Async(async () => await ledger.GetStatisticsAsync(Cancel) is { Backlog: 0, InFlight: 0 }, "the ledger is empty");
        Assert.DoesNotContain(log.Entries, entry => entry.Level == LogLevel.Critical);
        foreach (var id in new[] { StrayAckLine, UnknownIdLine })
            Assert.True(log.Count(id) <= begun.Elapsed.TotalSeconds + log.Count(2001) + 2, $"{log.Count(id)} lines of {id} in {begun.Elapsed} for {broker.Lies} lies");
    }

    private static async Task<PublishReceipt> PublishAsync(ReliablePublisher publisher, int i, int qos)
    {
        try
        {
            return await publisher.Publish(PublisherCalls.Message(i.ToString(CultureInfo.InvariantCulture), qos));
        }
        catch (ReliablePublishException error) when (error.Receipt.Outcome != PublishOutcome.NotAccepted)
        {
            return error.Receipt; // Refused: it says so.
        }
    }

    private static Task<ReliablePublisher> StartAsync(HostileBroker broker, AckLedger ledger, LogCapture log) => ReliablePublisher.StartAsync(new ReliablePublisherOptions
    {
        PublisherId = "hostile",
        Mqtt = mqtt => mqtt.WithTcpServer("127.0.0.1", broker.Port),
        Ledger = ledger,
        LoggerFactory = log,
        MinBackoff = TimeSpan.FromMilliseconds(5),
        MaxBackoff = TimeSpan.FromMilliseconds(50),
        AckTimeout = TimeSpan.FromSeconds(1),
        ShutdownTimeout = TimeSpan.Zero,
    }, Cancel);
}
