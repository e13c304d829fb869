using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves both answers of a full ledger: at once, or when there is room, or when the caller's time is over. What is refused is not stored.
public sealed class LedgerFullTests
{
    [Theory]
    [InlineData(OverflowPolicy.Reject)]
    [InlineData(OverflowPolicy.Wait)]
    public async Task A_message_that_finds_no_room_is_refused_and_not_stored(OverflowPolicy overflow)
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync(options => options with { MaxPending = 3, Overflow = overflow });
        for (var i = 0; i < 3; i++) await publisher.Enqueue($"m{i}");
        var impatient = new PublishOptions { ConfirmTimeout = TimeSpan.FromMilliseconds(overflow == OverflowPolicy.Wait ? 300 : 30_000) };
        var full = await PublisherCalls.FailsAsync(() => publisher.Enqueue("no room", 2, impatient), PublishFailure.LedgerFull);
        Assert.Equal((PublishOutcome.NotAccepted, true), (full.Receipt.Outcome, full.IsTransient));
        Assert.Equal(PublishOutcome.NotAccepted, (await publisher.TryPublish("no room", 2, impatient)).Outcome);

        rig.Proxy.Refuses = false;
        await publisher.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("room again")).Outcome);
        Assert.Equal(["m0", "m1", "m2", "room again"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task A_call_that_waits_gets_the_room_that_others_leave_and_the_order_stays()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync(options => options with { MaxPending = 3 });
        var all = Enumerable.Range(0, 30).Select(i => publisher.Publish($"m{i}")).ToList();
        await Eventually.Async(() => publisher.Status.Pending == 3, "the ledger is full");
        rig.Proxy.Refuses = false;
        Assert.All(await Task.WhenAll(all), receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"m{i}"), (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }
}
