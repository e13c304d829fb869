using System.Globalization;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using ReliableMqtt.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>Publishes all the time while something happens to Redis, and checks that every message has arrived once, in its order.</summary>
internal static class SteadyPublishing
{
    private const int AtLeast = 400;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="ledger">Makes the publisher's ledger.</param>
    /// <param name="harm">What happens meanwhile. The publishing goes on until it is over.</param>
    /// <param name="seemsLost">Whether the ledger may seem to have lost writes, or this process to have lost its hold of it.</param>
    /// <param name="check">What else must be so at the end.</param>
    /// <param name="byAcceptor">The messages are given to another publisher, which only accepts.</param>
    public static async Task RunAsync(Func<AckLedger> ledger, Func<Task> harm, bool seemsLost = true, Action<Rig>? check = null, bool byAcceptor = false)
    {
        await using var rig = await Rig.StartAsync(ledger: ledger);
        var owner = await rig.ConnectPublisherAsync();
        var publisher = byAcceptor ? await rig.StartPublisherAsync(options => options with { AcceptOnly = true, Mqtt = null }) : owner;
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("before")).Outcome);

        var harming = Task.Run(harm, Cancel);
        var calls = new List<Task<PublishReceipt>>();
        for (var i = 0; i < AtLeast || !harming.IsCompleted; i++)
        {
            calls.Add(publisher.Publish(i.ToString(CultureInfo.InvariantCulture)));
            await Task.WhenAny(calls[^1], Task.Delay(5, Cancel)); // As fast as it goes, and slowly while nothing goes.
        }

        // Whatever happened, this one comes behind it: until it is stored the publisher may not have noticed.
        await harming;
        calls.Add(publisher.Publish(calls.Count.ToString(CultureInfo.InvariantCulture)));
        var receipts = await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
        Assert.Equal(
            Enumerable.Range(0, calls.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)).Prepend("before"),
            (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
        await publisher.FlushAsync(Cancel);
        await rig.AssertNothingStoredAsync();
        foreach (var receipt in receipts) Assert.Equal(PublishOutcome.Confirmed, (await publisher.Receipt(receipt.MessageId)).Outcome);
        check?.Invoke(rig);
        if (seemsLost) return;
        Assert.DoesNotContain(rig.LogEntries, entry => entry.Id is 3005 or 3010);

        // The broker's session is the one from the start.
        Assert.Single(rig.Tap.Of(MQTTnet.Protocol.MqttControlPacketType.Connect, Direction.ToBroker), packet => packet.CleanStart);
    }
}
