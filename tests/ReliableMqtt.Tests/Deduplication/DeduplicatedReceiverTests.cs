using MQTTnet.Protocol;
using ReliableMqtt.Deduplication;
using static ReliableMqtt.Tests.Deduplication.DeduplicatorHarness;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>What is acknowledged to the broker, when, and on which connection.</summary>
public sealed class DeduplicatedReceiverTests : IDisposable
{
    private readonly DeduplicatorHarness _h = new();
    private readonly ReceivingClient _client = new();
    private readonly Dictionary<string, TaskCompletionSource> _holds = [];

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(MqttQualityOfServiceLevel.AtLeastOnce)]
    [InlineData(MqttQualityOfServiceLevel.ExactlyOnce)]
    public async Task A_message_is_acknowledged_after_its_handler_and_its_mark(MqttQualityOfServiceLevel qos)
    {
        _h.Store.BeforeMark = (_, _) => Hold("mark").Task;
        await using var receiver = Receive((_, _) => Hold("m1").Task);
        var args = await _client.DeliverAsync(Message(), qos);
        Assert.False(args.AutoAcknowledge);
        await HandledAsync(1);
        Assert.Equal(0, _h.Store.Marks);
        Hold("m1").SetResult();
        await _h.UntilAsync(() => _h.Store.Marks == 1, advance: false);
        Assert.Empty(_client.Acknowledged);
        Hold("mark").SetResult();
        await AcknowledgedAsync(1);
    }

    [Fact]
    public async Task A_copy_is_acknowledged_and_not_handled()
    {
        await using var receiver = Receive();
        await _client.DeliverAsync(Message());
        await _client.DeliverAsync(Message());
        await AcknowledgedAsync(1, 2);
        Assert.Single(_h.Handled);
        Assert.Equal(1, receiver.Counts.Duplicates);
    }

    [Fact]
    public async Task One_after_the_other_unless_told_otherwise()
    {
        await using var receiver = Receive((received, _) => Hold(received.Key!.Value.MessageId).Task);
        foreach (var id in new[] { "m1", "m2", "m3" }) await _client.DeliverAsync(Message(id));
        foreach (var (id, number) in new[] { ("m1", 1), ("m2", 2), ("m3", 3) })
        {
            await HandledAsync(number);
            Assert.Equal(number - 1, receiver.Counts.Processed);
            Hold(id).SetResult();
        }

        await AcknowledgedAsync(1, 2, 3);
    }

    [Fact]
    public async Task Several_at_a_time_are_acknowledged_in_the_order_of_their_arrival()
    {
        _h.Options = _h.Options with { MaxConcurrency = 3 };
        await using var receiver = Receive((received, _) => Hold(received.Key!.Value.MessageId).Task);
        foreach (var id in new[] { "m1", "m2", "m3", "m4" }) await _client.DeliverAsync(Message(id));
        await HandledAsync(3);
        Hold("m3").SetResult();
        Hold("m2").SetResult();
        await HandledAsync(4);
        await _h.UntilAsync(() => receiver.Counts.Processed == 2, advance: false);
        Assert.Empty(_client.Acknowledged);
        Hold("m1").SetResult();
        Hold("m4").SetResult();
        await AcknowledgedAsync(1, 2, 3, 4);
    }

    [Fact]
    public async Task What_fails_for_good_is_left_unacknowledged_and_others_go_on()
    {
        _h.Options = _h.Options with { MaxAttempts = 1 };
        await using var receiver = Receive((received, _) => received.Key!.Value.MessageId == "m1" ? throw new InvalidOperationException("never") : Task.CompletedTask);
        await _client.DeliverAsync(Message("m1"));
        await _client.DeliverAsync(Message("m2"));
        await AcknowledgedAsync(2);
    }

    [Fact]
    public async Task QoS_0_is_handled_and_has_nothing_to_acknowledge()
    {
        await using var receiver = Receive();
        await _client.DeliverAsync(Message("m1"), MqttQualityOfServiceLevel.AtMostOnce);
        await _client.DeliverAsync(Message("m2"));
        await AcknowledgedAsync(2);
        Assert.Equal(2, _h.Handled.Count);
    }

    // There its packet id may be another message's, which would be lost.
    [Fact]
    public async Task What_came_on_an_earlier_connection_is_handled_and_not_acknowledged_on_the_next_one()
    {
        await using var receiver = Receive((received, _) => Hold(received.Key!.Value.MessageId).Task);
        await _client.DeliverAsync(Message("m1"));
        await HandledAsync(1);
        await _client.ReconnectAsync();
        Hold("m1").SetResult();
        Hold("m2").SetResult();
        await _client.DeliverAsync(Message("m2"));
        await AcknowledgedAsync(2);
        Assert.Equal(2, receiver.Counts.Processed);
    }

    [Fact]
    public async Task A_connection_does_not_begin_before_an_acknowledgement_on_the_last_one_has_ended()
    {
        var begun = new TaskCompletionSource();
        _client.BeforeAcknowledge = async cancel =>
        {
            begun.TrySetResult();
            await ScriptedStore.Hang(cancel);
        };
        await using var receiver = Receive();
        await _client.DeliverAsync(Message());
        await begun.Task.WaitAsync(Cancel);
        await _client.ReconnectAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        _client.BeforeAcknowledge = null;
        await _client.DeliverAsync(Message("m2"));
        await AcknowledgedAsync(2);
    }

    [Fact]
    public async Task An_acknowledgement_that_fails_harms_nothing_else()
    {
        _client.BeforeAcknowledge = _ => throw new MQTTnet.Exceptions.MqttClientDisconnectedException(null);
        await using var receiver = Receive();
        await _client.DeliverAsync(Message("m1"));
        await _h.UntilAsync(() => receiver.Counts.Processed == 1, advance: false);
        await receiver.DisposeAsync();
        Assert.Empty(_client.Acknowledged);
    }

    [Fact]
    public async Task Disposing_waits_for_the_handler_that_runs_and_leaves_what_waits()
    {
        var receiver = Receive((received, _) => Hold(received.Key!.Value.MessageId).Task);
        await _client.DeliverAsync(Message("m1"));
        await _client.DeliverAsync(Message("m2"));
        await HandledAsync(1);
        var disposing = receiver.DisposeAsync().AsTask();
        Assert.False(_client.HasHandler);
        Assert.False(disposing.IsCompleted);
        Hold("m1").SetResult();
        await disposing;
        Assert.Equal([1], _client.Acknowledged);
        Assert.Single(_h.Handled);
    }

    [Fact]
    public async Task Disposing_cancels_a_handler_that_takes_too_long()
    {
        var receiver = Receive((_, cancel) => ScriptedStore.Hang(cancel));
        await _client.DeliverAsync(Message("m1"));
        await HandledAsync(1);
        var disposing = receiver.DisposeAsync().AsTask();
        await _h.UntilAsync(() => disposing.IsCompleted, advance: true);
        Assert.Empty(_client.Acknowledged);
        Assert.Equal(0, _h.Store.Marks);
    }

    private DeduplicatedReceiver Receive(Func<ReceivedMessage, CancellationToken, Task>? then = null) => _client.UseDeduplication(
        _h.Store,
        async (received, cancel) =>
        {
            lock (_h.Handled) _h.Handled.Add(received);
            if (then is not null) await then(received, cancel);
        },
        _h.Options with { TimeProvider = _h.Clock });

    private TaskCompletionSource Hold(string name)
    {
        lock (_holds) return _holds.TryGetValue(name, out var hold) ? hold : _holds[name] = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private Task HandledAsync(int count) => _h.UntilAsync(() => { lock (_h.Handled) return _h.Handled.Count == count; }, advance: false);

    private async Task AcknowledgedAsync(params int[] packetIds)
    {
        await _h.UntilAsync(() => _client.Acknowledged.Count >= packetIds.Length, advance: false);
        Assert.Equal(packetIds, _client.Acknowledged);
    }
}
