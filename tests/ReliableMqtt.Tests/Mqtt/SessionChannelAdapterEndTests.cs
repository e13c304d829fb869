using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using static ReliableMqtt.Tests.Mqtt.AdapterHarness;

namespace ReliableMqtt.Tests.Mqtt;

// Proves how a connection ends: once, whatever ends it, and without a hang.
public sealed class SessionChannelAdapterEndTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disconnect_of_the_broker_is_kept_with_its_code_and_passed_on()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.Receive(new MqttDisconnectPacket { ReasonCode = MqttDisconnectReasonCode.SessionTakenOver, ReasonString = "elsewhere" });
        Assert.IsType<MqttDisconnectPacket>(await harness.ReadAsync());
        var end = await harness.Adapter.Ended;
        Assert.Equal((byte)0x8E, end.Code);
        Assert.Contains("elsewhere", end.Why, StringComparison.Ordinal);
        Assert.False(harness.Adapter.MadeProgress);
    }

    [Fact]
    public async Task The_end_is_told_once_whatever_ends_it()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.Receive(null);
        Assert.Null(await harness.ReadAsync());
        harness.Adapter.Dispose();
        await harness.Adapter.DisconnectAsync(CancellationToken.None);
        harness.Adapter.End("again");
        Assert.Equal(["connected 1", "lost 1"], harness.Sink.Calls);
        Assert.Equal("closed by the broker", (await harness.Adapter.Ended).Why);
    }

    [Fact]
    public async Task Acks_that_come_after_the_end_are_not_told()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.Receive(new MqttPubAckPacket { PacketIdentifier = 1 });
        harness.Adapter.End("cut");
        Assert.Null(await harness.ReadAsync());
        Assert.Equal(["connected 1", "lost 1"], harness.Sink.Calls);
    }

    [Theory]
    [InlineData("connected")]
    [InlineData("PubAck")]
    [InlineData("lost")]
    public async Task A_sink_that_throws_costs_the_connection_and_nothing_else(string on)
    {
        var harness = new AdapterHarness();
        harness.Sink.ThrowOn = on;
        await harness.ConnectAsync();
        harness.Wire.Receive(new MqttPubAckPacket { PacketIdentifier = 1 });
        harness.Wire.Receive(null);
        Assert.Null(await harness.ReadAsync());
        await harness.Adapter.Ended.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal("lost 1", harness.Sink.Calls[^1]);
        Assert.Single(harness.Sink.Calls, "lost 1");
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V500, 0x87)]
    [InlineData(MqttProtocolVersion.V311, 5)]
    public async Task A_refused_connect_is_kept_and_never_told(MqttProtocolVersion protocol, byte code)
    {
        var harness = new AdapterHarness(protocol);
        await harness.ConnectAsync(new MqttConnAckPacket
        {
            ReasonCode = protocol == MqttProtocolVersion.V500 ? MqttConnectReasonCode.NotAuthorized : MqttConnectReasonCode.Success,
            ReturnCode = MqttConnectReturnCode.ConnectionRefusedNotAuthorized,
        });
        harness.Adapter.Dispose();
        Assert.Equal(code, harness.Adapter.Refusal!.Code);
        Assert.Null(harness.Adapter.Info);
        Assert.Empty(harness.Sink.Calls);
    }

    [Fact]
    [Conformance(33)]
    public async Task Nothing_is_sent_after_disconnect()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var closing = harness.Adapter.CloseAsync("test", TimeSpan.FromSeconds(5));
        await Eventually(() => harness.Wire.Log.SequenceEqual(["Disconnect", "flush"]));
        await Assert.ThrowsAsync<MqttCommunicationException>(() => harness.Adapter.SendPacketAsync(MqttPingReqPacket.Instance, Token));
        harness.Adapter.Send([Publish(1)]);
        var lost = harness.Adapter.SendAtMostOnceAsync(Record(MqttQualityOfServiceLevel.AtMostOnce), null);
        Assert.False(await lost.WaitAsync(TimeSpan.FromSeconds(10), Token));
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        await closing.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Equal(["Disconnect", "flush"], harness.Wire.Log);
        Assert.True(harness.Wire.Disposed);
    }

    [Fact]
    public async Task A_stalled_write_does_not_hold_up_closing()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.BeforeFlush = () => new TaskCompletionSource().Task;
        var closing = harness.Adapter.CloseAsync("test", TimeSpan.FromSeconds(2));
        Assert.False(closing.IsCompleted);
        harness.Time.Advance(TimeSpan.FromSeconds(2));
        await closing.WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.True(harness.Wire.Disposed);
    }

    [Fact]
    public async Task A_cancelled_send_ends_the_wait_and_not_the_write()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var gate = new TaskCompletionSource();
        harness.Wire.BeforeFlush = () => gate.Task;
        using var cancel = new CancellationTokenSource();
        var sending = harness.Adapter.SendPacketAsync(new MqttPublishPacket { Topic = "t" }, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        gate.SetResult();
        await Eventually(() => harness.Wire.Log.SequenceEqual(["Publish", "flush"]));
        Assert.True(harness.Adapter.IsOpen);
    }

    [Fact]
    public async Task A_publish_of_the_client_above_qos_0_never_reaches_the_wire()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => harness.Adapter.SendPacketAsync(
            new MqttPublishPacket { PacketIdentifier = 1, Topic = "t", QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }, Token));
        Assert.Empty(harness.Wire.Log);
        Assert.True(harness.Adapter.IsOpen);
    }
}
