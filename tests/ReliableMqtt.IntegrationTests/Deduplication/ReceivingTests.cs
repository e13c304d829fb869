using System.Text;
using MQTTnet;
using MQTTnet.Protocol;
using ReliableMqtt.Deduplication;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.IntegrationTests.Publishing;
using Eventually = ReliableMqtt.IntegrationTests.Fixtures.Eventually;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>From a publisher to a handler, over a mosquitto and faults between them: once for each message.</summary>
public sealed class ReceivingTests : IAsyncDisposable
{
    private const int Window = 20;

    private readonly InMemoryProcessedMessageStore _store = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(MqttControlPacketType.PubAck, 1)]
    [InlineData(MqttControlPacketType.PubComp, 2)]
    public async Task A_lost_session_gives_copies_and_each_message_is_handled_once(MqttControlPacketType lost, int qos)
    {
        await using var rig = await Rig.StartAsync(counting: false);
        await using var before = await ReceivingRig.StartAsync(rig.Broker.Port, _store);
        var publisher = await rig.ConnectPublisherAsync();
        var withheld = rig.Tap.On(lost, TapAction.Drop, Window);
        var pending = new List<PendingPublish>();
        for (var i = 0; i < 100; i++) pending.Add(await publisher.Enqueue($"m{i}", qos));
        await withheld.HitsAsync(Window);
        await Eventually.Async(() => before.Handled.Count == Window, "what is in flight is handled");

        // The other broker knows no session, and gets a subscriber before it gets the publisher.
        rig.Proxy.Refuses = true;
        await rig.ReplaceBrokerAsync();
        await using var after = await ReceivingRig.StartAsync(rig.Broker.Port, _store);
        rig.Proxy.Refuses = false;
        await Task.WhenAll(pending.Select(one => one.Confirm()));
        await Eventually.Async(() => after.Handled.Count == 100 - Window, () => $"the rest is handled; {after.Handled.Count} are");
        await Eventually.Async(() => after.Receiver.Counts.Duplicates == Window, () => $"{Window} copies are recognised; {after.Receiver.Counts} are");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"m{i}"), before.Handled.Concat(after.Handled));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_a_dead_process_had_in_hand_is_handled_by_the_next_one(int qos)
    {
        await using var rig = await Rig.StartAsync(counting: false);
        var dying = new DyingStore(_store);
        await using var first = await ReceivingRig.StartAsync(rig.Broker.Port, dying, (_, _) => Task.Delay(Timeout.Infinite, CancellationToken.None));
        var publisher = await rig.ConnectPublisherAsync();
        for (var i = 0; i < 5; i++) await publisher.Publish($"m{i}", qos);
        await Eventually.Async(() => first.Handled.Count == 1, "the handler is called");

        // From here on it neither says nor hears anything.
        dying.Die();
        first.Line.Refuses = true;
        first.Line.Cut();
        await using var next = await ReceivingRig.StartAsync(rig.Broker.Port, _store);
        await Eventually.Async(() => next.Handled.Count == 5, () => $"all are handled; {next.Handled.Count} are");
        Assert.Equal(["m0", "m1", "m2", "m3", "m4"], next.Handled.Order());
        Assert.Equal(0, next.Receiver.Counts.Duplicates);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_handler_that_outlives_its_connection_is_not_called_again_and_the_copy_is_acknowledged(int qos)
    {
        await using var rig = await Rig.StartAsync(counting: false);
        var hold = new TaskCompletionSource();
        await using var receiver = await ReceivingRig.StartAsync(rig.Broker.Port, _store, (_, _) => hold.Task, receiveMaximum: 1);
        var publisher = await rig.ConnectPublisherAsync();
        await publisher.Publish("m", qos);
        await Eventually.Async(() => receiver.Handled.Count == 1, "the handler is called");
        receiver.Line.Cut();
        await receiver.ConnectAgainAsync();
        hold.SetResult();
        await Eventually.Async(() => receiver.Receiver.Counts.Duplicates == 1, "the copy is recognised");

        // The broker sends one at a time, so the next one shows that the copy was acknowledged.
        await publisher.Publish("next", qos);
        await Eventually.Async(() => receiver.Handled.Count == 2, "the next one is handled");
        Assert.Equal(1, receiver.Receiver.Counts.Duplicates);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task On_the_publishers_own_client_messages_are_acknowledged_late_and_handled_once(int qos)
    {
        await using var rig = await Rig.StartAsync(counting: false);
        var handled = new List<string>();
        DeduplicatedReceiver? receiver = null;
        var hold = new TaskCompletionSource();
        var publisher = await rig.ConnectPublisherAsync(options => options with
        {
            ConfigureClient = client => receiver = client.UseDeduplication(_store, async (received, _) =>
            {
                lock (handled) handled.Add(Encoding.UTF8.GetString(received.Message.Payload));
                await hold.Task;
            }),
        });
        var level = (MqttQualityOfServiceLevel)qos;
        await publisher.Client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter("#", level).Build(), Cancel);
        await publisher.Publish("m0", qos);
        await Eventually.Async(() => handled.Count == 1, "the handler is called");
        var connections = rig.Proxy.ConnectionCount;
        rig.Proxy.Cut();
        await Eventually.Async(() => rig.Proxy.ConnectionCount > connections && publisher.Client.IsConnected, "the publisher is connected again");
        hold.SetResult();
        for (var i = 1; i < 5; i++) await publisher.Publish($"m{i}", qos);
        await Eventually.Async(() => handled.Count == 5, () => $"all are handled; {handled.Count} are");
        await Eventually.Async(() => receiver!.Counts.Processed == 5, "all are marked");
        rig.Proxy.Cut();
        await publisher.Publish("last", qos);
        await Eventually.Async(() => handled.Count == 6, "the last one is handled");
        Assert.Equal(["m0", "m1", "m2", "m3", "m4", "last"], handled);
        Assert.InRange(receiver!.Counts.Duplicates, 1, 3);
        await receiver.DisposeAsync();
    }
}
