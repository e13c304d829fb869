using System.Collections.Concurrent;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that the end of a publisher leaves nobody without an answer and nothing behind.
public sealed class DisposeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everybody_who_waits_is_answered_within_the_shutdown_timeout_and_the_message_is_pending()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync(options => options with { ShutdownTimeout = TimeSpan.FromMilliseconds(300) });
        var pending = await publisher.Enqueue("waited for");
        var waiting = pending.Confirm();
        var publishing = publisher.Publish(PublisherCalls.WithId("id-1", "published"));
        var flushing = publisher.FlushAsync(Cancel);
        await Eventually.Async(() => publisher.Status.Pending == 2, "both are accepted");
        await publisher.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel);

        var published = await PublisherCalls.FailsAsync(() => publishing, PublishFailure.PublisherDisposed);
        Assert.Equal((PublishOutcome.Pending, "id-1", false), (published.Receipt.Outcome, published.Receipt.MessageId.Value, published.IsTransient));
        var waited = await PublisherCalls.FailsAsync(() => waiting, PublishFailure.PublisherDisposed);
        Assert.Equal((PublishOutcome.Pending, pending.MessageId), (waited.Receipt.Outcome, waited.Receipt.MessageId));
        var ended = await PublisherCalls.FailsAsync(() => flushing, PublishFailure.PublisherDisposed);
        Assert.Contains("is in the ledger", ended.Message, StringComparison.Ordinal);
        await PublisherCalls.FailsAsync(() => pending.Confirm(), PublishFailure.PublisherDisposed);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => publisher.Publish("too late"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => publisher.Enqueue("too late"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => publisher.FlushAsync(Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => publisher.ReconnectAsync(Cancel));
        Assert.Equal(ConnectionState.Stopped, publisher.Status.Connection);
        await publisher.DisposeAsync();

        rig.Proxy.Refuses = false;
        var next = await rig.StartPublisherAsync();
        await next.FlushAsync(Cancel);
        Assert.Equal(["published", "waited for"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload).Order());
    }

    [Fact]
    public async Task Disposing_lets_what_is_pending_come_to_its_end()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.StartPublisherAsync(options => options with { ShutdownTimeout = TimeSpan.FromSeconds(30) });
        var pending = await publisher.Enqueue("waited for");
        for (var i = 0; i < 200; i++) await publisher.Enqueue($"m{i}");
        var waiting = pending.Confirm();
        await publisher.DisposeAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await waiting).Outcome);
        Assert.Equal(201, (await rig.DeliveriesAsync()).Count);
    }

    [Fact]
    public async Task A_message_that_was_confirmed_is_told_so_while_others_are_drained()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync(options => options with { ShutdownTimeout = TimeSpan.FromSeconds(30) });
        var confirmed = await publisher.Enqueue("confirmed", qos: 1);
        await publisher.FlushAsync(Cancel);
        var late = rig.Tap.On(MqttControlPacketType.PubRec, TapAction.Withhold);
        await publisher.Enqueue("drained");
        await late.HitAsync();
        var disposing = publisher.DisposeAsync();
        Assert.Equal(PublishOutcome.Confirmed, (await confirmed.Confirm()).Outcome);
        await late.ReleaseAsync();
        await disposing;
    }

    [Fact]
    public async Task A_message_that_was_not_stored_yet_is_said_not_to_be()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync(options => options with { MaxPending = 1 });
        await publisher.Enqueue("fills the ledger");
        var publishing = publisher.Publish("waits for room");
        await publisher.DisposeAsync();
        var failure = await PublisherCalls.FailsAsync(() => publishing, PublishFailure.PublisherDisposed);
        Assert.Equal(PublishOutcome.NotAccepted, failure.Receipt.Outcome);
        rig.Proxy.Refuses = false;
        await (await rig.StartPublisherAsync()).FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["fills the ledger"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task The_end_is_told_as_stopped_and_never_as_taken_over()
    {
        await using var rig = await Rig.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var changes = new ConcurrentQueue<ConnectionState>();
            var publisher = await rig.StartPublisherAsync();
            publisher.ConnectionStateChangedAsync += change =>
            {
                changes.Enqueue(change.State);
                return Task.CompletedTask;
            };
            await publisher.Publish("m");
            await publisher.DisposeAsync();
            Assert.Equal(ConnectionState.Stopped, changes.Last());
            Assert.DoesNotContain(ConnectionState.Fenced, changes);
        }
    }
}
