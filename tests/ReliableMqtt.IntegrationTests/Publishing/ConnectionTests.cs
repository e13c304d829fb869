using System.Collections.Concurrent;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what is told of the connection, and that a reconnect that is asked for happens.
public sealed class ConnectionTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Reconnect_gives_another_connection_with_the_same_session_and_the_changes_are_told(BrokerKind kind)
    {
        await using var rig = await Rig.StartAsync(kind);
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var changes = new ConcurrentQueue<(ConnectionState, ConnectionState, bool?)>();
        publisher.ConnectionStateChangedAsync += change =>
        {
            changes.Enqueue((change.Previous, change.State, change.SessionPresent));
            return Task.CompletedTask;
        };
        rig.Proxy.Refuses = false;
        await publisher.ReconnectAsync(TestContext.Current.CancellationToken);
        var before = rig.Proxy.ConnectionCount;
        await publisher.ReconnectAsync(TestContext.Current.CancellationToken);
        Assert.Equal((before + 1, ConnectionState.Connected), (rig.Proxy.ConnectionCount, publisher.Status.Connection));
        await publisher.StatusIsAsync(status => status.Reconnects == 1);
        Assert.Contains(rig.Tap.Packets, packet => packet.Connection == before && packet.Type == MqttControlPacketType.Disconnect);

        await Eventually.Async(() => changes.Count >= 3, () => $"three changes, there are {changes.Count}");
        Assert.Equal(
            [
                (ConnectionState.Disconnected, ConnectionState.Connected, false),
                (ConnectionState.Connected, ConnectionState.Disconnected, null),
                (ConnectionState.Disconnected, ConnectionState.Connected, true),
            ],
            changes);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
    }

    [Fact]
    public async Task A_reconnect_of_a_process_that_does_not_dispatch_yet_waits_for_its_turn_or_the_end()
    {
        await using var rig = await Rig.StartAsync();
        var owner = await rig.ConnectPublisherAsync();
        var next = await rig.StartPublisherAsync();
        var reconnecting = next.ReconnectAsync(TestContext.Current.CancellationToken);
        await using (var never = await rig.StartPublisherAsync())
        {
            var ending = never.ReconnectAsync(TestContext.Current.CancellationToken);
            await never.DisposeAsync();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => ending);
        }

        Assert.False(reconnecting.IsCompleted);
        await owner.DisposeAsync();
        await reconnecting;
        Assert.Equal(PublishOutcome.Confirmed, (await next.Publish("m")).Outcome);
    }

    [Fact]
    public async Task Confirms_are_raised_once_each_in_their_order_and_a_failing_handler_stops_none()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        var raised = new ConcurrentQueue<MessageId>();
        publisher.ConfirmedAsync += _ => throw new InvalidOperationException("the handler's own failure");
        publisher.ConfirmedAsync += receipt =>
        {
            raised.Enqueue(receipt.MessageId);
            return Task.CompletedTask;
        };
        var pending = await publisher.EnqueueBatchAsync(
            [.. Enumerable.Range(0, 100).Select(i => PublisherCalls.Message($"m{i}"))], TestContext.Current.CancellationToken);
        await Eventually.Async(() => raised.Count >= 100, () => $"a hundred confirms, there are {raised.Count}");
        Assert.Equal(pending.Select(one => one.MessageId), raised);
    }
}
