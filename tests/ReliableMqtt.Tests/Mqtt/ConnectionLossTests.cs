using System.Net.Sockets;
using System.Net.WebSockets;
using MQTTnet.Exceptions;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;
using static ReliableMqtt.Tests.Mqtt.AdapterHarness;

namespace ReliableMqtt.Tests.Mqtt;

// Proves what the session is told of the end of a connection: a message may be blamed for it only when the peer ended it.
public sealed class ConnectionLossTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(SocketError.ConnectionReset, LossCause.Peer)]
    [InlineData(SocketError.ConnectionAborted, LossCause.Peer)]
    [InlineData(SocketError.Shutdown, LossCause.Peer)]
    [InlineData(SocketError.TimedOut, LossCause.Link)]
    [InlineData(SocketError.HostUnreachable, LossCause.Link)]
    [InlineData(SocketError.NetworkDown, LossCause.Link)]
    internal void A_socket_error_tells_who_it_was(SocketError code, LossCause cause)
    {
        var error = new SocketException((int)code);
        Assert.Equal(cause, EndCause.Of(error));
        Assert.Equal(cause, EndCause.Of(new MqttCommunicationException(new IOException("reading failed", error))));
    }

    [Fact]
    public void Other_errors_of_the_transport_are_the_peers_and_what_is_no_such_error_is_told_apart()
    {
        Assert.Equal(LossCause.Peer, EndCause.Of(new MqttCommunicationException(new IOException("unexpected end of the TLS stream"))));
        Assert.Equal(LossCause.Peer, EndCause.Of(new MqttCommunicationException(new WebSocketException(WebSocketError.ConnectionClosedPrematurely))));
        Assert.Equal(LossCause.Local, EndCause.Of(new OperationCanceledException()));
        Assert.Equal(LossCause.Local, EndCause.Of(new MqttCommunicationException(new ObjectDisposedException("socket"))));
        Assert.Equal(LossCause.Link, EndCause.Of(new MqttCommunicationException("odd")));
        Assert.Null(EndCause.Of(new MqttProtocolViolationException("odd")));
        Assert.Null(EndCause.Of(new MqttCommunicationException(new ArgumentException("odd"))));
    }

    [Fact]
    public async Task A_close_by_the_broker_is_the_peers() => Assert.Equal(new ConnectionLoss(LossCause.Peer), await EndAsync(harness => harness.Wire.Receive(null)));

    [Fact]
    public async Task A_disconnect_by_the_broker_comes_with_its_code() => Assert.Equal(
        new ConnectionLoss(LossCause.Peer, 0x95),
        await EndAsync(harness => harness.Wire.Receive(new MqttDisconnectPacket { ReasonCode = MqttDisconnectReasonCode.PacketTooLarge })));

    [Fact]
    public async Task What_cannot_be_read_is_not_the_peers() =>
        Assert.Equal(LossCause.Link, (await EndAsync(harness => harness.Wire.Fail(new MqttProtocolViolationException("odd")))).Cause);

    [Fact]
    public async Task A_stop_of_ours_stays_ours_when_the_broker_closes_first()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        var closing = harness.Adapter.CloseAsync("test", Patience);
        await Eventually(() => harness.Wire.Log.Contains("Disconnect"));
        harness.Wire.Receive(null);
        Assert.Null(await harness.ReadAsync());
        await closing;
        Assert.Equal(LossCause.Local, harness.Sink.Loss!.Cause);
    }

    [Fact]
    public async Task A_packet_of_the_session_that_cannot_be_encoded_is_named_one_of_the_application_is_not()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.FailOn = packet => packet is MqttPublishPacket ? new MqttProtocolViolationException("too long") : null;
        harness.Adapter.Send([Publish(1)]);
        await harness.Adapter.Ended;
        Assert.Equal(new ConnectionLoss(LossCause.Encoding), harness.Sink.Loss);

        harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.FailOn = packet => packet is MqttPublishPacket ? new MqttProtocolViolationException("too long") : null;
        await Assert.ThrowsAnyAsync<Exception>(() => harness.Adapter.SendPacketAsync(new MqttPublishPacket { Topic = "t" }, TestContext.Current.CancellationToken));
        await harness.Adapter.Ended;
        Assert.Equal(LossCause.Local, harness.Sink.Loss!.Cause);
    }

    [Fact]
    public async Task Packets_of_the_session_that_wait_are_told()
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        harness.Wire.BeforeFlush = () => new TaskCompletionSource().Task;
        harness.Adapter.Send([Publish(1)]);
        await Eventually(() => harness.Wire.Log.Contains("Publish"));
        harness.Adapter.Send([Publish(2)]);
        harness.Wire.Receive(null);
        Assert.Null(await harness.ReadAsync());
        Assert.Equal(new ConnectionLoss(LossCause.Peer) { Unsent = true }, harness.Sink.Loss);
    }

    public static IEnumerable<TheoryDataRow<MqttPacket>> OfTheApplication() =>
    [
        new(new MqttSubscribePacket { PacketIdentifier = 1 }),
        new(new MqttUnsubscribePacket { PacketIdentifier = 1 }),
        new(new MqttPublishPacket { Topic = "t" }),
    ];

    [Theory]
    [MemberData(nameof(OfTheApplication))]
    public async Task Packets_of_the_application_are_told_unless_a_probe_came_after_them(MqttPacket packet)
    {
        ArgumentNullException.ThrowIfNull(packet);
        Assert.True((await EndAsync(harness => Send(harness, packet))).OthersLeft);
        Assert.False((await EndAsync(harness =>
        {
            Send(harness, packet);
            Probe(harness);
        })).OthersLeft);
        Assert.True((await EndAsync(harness =>
        {
            Probe(harness);
            Send(harness, packet);
        })).OthersLeft);
    }

    [Fact]
    public async Task What_the_session_sends_and_answers_to_received_messages_are_not_the_applications()
    {
        var loss = await EndAsync(harness =>
        {
            harness.Adapter.Send([Publish(1), new OutboundPacket(new ReliableMqtt.Messages.PacketId(2), null)]);
            Eventually(() => harness.Wire.Log.Contains("PubRel")).GetAwaiter().GetResult();
            Send(harness, new MqttPubAckPacket { PacketIdentifier = 1 });
            Send(harness, MqttPingReqPacket.Instance);
        });
        Assert.Equal(new ConnectionLoss(LossCause.Peer), loss);
    }

    private static void Send(AdapterHarness harness, MqttPacket packet) => harness.Adapter.SendPacketAsync(packet, default).GetAwaiter().GetResult();

    private static void Probe(AdapterHarness harness)
    {
        var probe = harness.Adapter.ProbeAsync(Patience);
        harness.Wire.Receive(MqttPingRespPacket.Instance);
        var reading = harness.ReadAsync();
        Assert.True(probe.GetAwaiter().GetResult());
        harness.Wire.Receive(new MqttPublishPacket { Topic = "read on" });
        _ = reading.GetAwaiter().GetResult();
    }

    private static async Task<ConnectionLoss> EndAsync(Action<AdapterHarness> end)
    {
        var harness = new AdapterHarness();
        await harness.ConnectAsync();
        end(harness);
        harness.Wire.Receive(null);
        try
        {
            await harness.ReadAsync();
        }
        catch (MqttProtocolViolationException)
        {
            // As the reader of a broken packet gets it.
        }

        await harness.Adapter.Ended;
        return harness.Sink.Loss!;
    }
}
