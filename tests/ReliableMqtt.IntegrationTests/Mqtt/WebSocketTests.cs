using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.IntegrationTests.Mqtt;

// Proves that coalesced writes are what a web socket peer can read.
public sealed class WebSocketTests
{
    [Fact]
    public async Task Publishes_of_all_sizes_pass_a_web_socket()
    {
        var token = TestContext.Current.CancellationToken;
        var (listener, port) = Listen();
        using var closing = listener;
        var received = new ConcurrentQueue<(int Id, long Length)>();
        var serving = ServeAsync(listener, received);

        await using var fixture = new SupervisorFixture(
            1, change: options => options with { Mqtt = builder => builder.WithWebSocketServer(o => o.WithUri($"ws://127.0.0.1:{port}/mqtt")) });
        var info = await fixture.StartAsync();
        var packets = Enumerable.Range(1, 200).Select(i => new OutboundPacket(
            new PacketId((ushort)i),
            SupervisorFixture.Record("t", MqttQualityOfServiceLevel.AtLeastOnce) with { Payload = new byte[i % 40 == 0 ? 150_000 : i] })).ToArray();
        fixture.Supervisor.Send(info.ConnectionId, packets);
        await Eventually.True(() => fixture.Sink.Acks.Count == 200);

        await fixture.Supervisor.StopAsync(TimeSpan.FromSeconds(5));
        await serving.WaitAsync(TimeSpan.FromSeconds(20), token);
        Assert.Equal(packets.Select(packet => ((int)packet.PacketId.Value, (long)packet.Record!.Payload.Length)), received);
    }

    // An HTTP listener takes no port 0, so a free one is looked for, and another if somebody was faster.
    private static (HttpListener Listener, int Port) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
            try
            {
                listener.Start();
                return (listener, port);
            }
            catch (HttpListenerException) when (attempt < 10)
            {
            }
        }
    }

    private static async Task ServeAsync(HttpListener listener, ConcurrentQueue<(int Id, long Length)> received)
    {
        var context = await listener.GetContextAsync();
        var webSocket = await context.AcceptWebSocketAsync("mqtt");
        using var adapter = new MqttChannelAdapter(
            new MqttWebSocketChannel(webSocket.WebSocket, null!, false, null!),
            new MqttPacketFormatterAdapter(MqttProtocolVersion.V500, new MqttBufferWriter(4096, 65535)), MqttNetNullLogger.Instance);
        while (await adapter.ReceivePacketAsync(CancellationToken.None) is { } packet)
        {
            if (packet is MqttConnectPacket)
                await adapter.SendPacketAsync(new MqttConnAckPacket { RetainAvailable = true }, CancellationToken.None);
            if (packet is MqttDisconnectPacket) return;
            if (packet is not MqttPublishPacket publish) continue;
            received.Enqueue((publish.PacketIdentifier, publish.Payload.Length));
            await adapter.SendPacketAsync(new MqttPubAckPacket { PacketIdentifier = publish.PacketIdentifier }, CancellationToken.None);
        }
    }
}
