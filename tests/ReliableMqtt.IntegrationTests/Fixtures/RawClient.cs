using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.LowLevelClient;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>A client that sends the packets it is told to and nothing else, to check the fixtures with.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ILowLevelMqttClient _client = new MqttClientFactory().CreateLowLevelMqttClient();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public MqttConnAckPacket ConnAck { get; private set; } = null!;

    public static async Task<RawClient> ConnectAsync(
        int port, string clientId, bool clean = false, MqttProtocolVersion version = MqttProtocolVersion.V500)
    {
        var raw = new RawClient();
        try
        {
            var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithProtocolVersion(version).Build();
            await raw._client.ConnectAsync(options, Cancel);
            await raw.SendAsync(new MqttConnectPacket
            {
                ClientId = clientId,
                CleanSession = clean,
                SessionExpiryInterval = version == MqttProtocolVersion.V500 ? 3_600u : 0,
            });
            raw.ConnAck = await raw.ReceiveAsync<MqttConnAckPacket>();
            return raw;
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    public static MqttPublishPacket Publish(string topic, string payload, int qos, ushort packetId, string? messageId = null, bool dup = false) => new()
    {
        Topic = topic,
        PayloadSegment = System.Text.Encoding.UTF8.GetBytes(payload),
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)qos,
        PacketIdentifier = packetId,
        Dup = dup,
        UserProperties = messageId is null
            ? null : [new MqttUserProperty(MessageId.UserPropertyName, System.Text.Encoding.UTF8.GetBytes(messageId).AsMemory())],
    };

    public Task SendAsync(MqttPacket packet) => _client.SendAsync(packet, Cancel).WaitAsync(Patience, Cancel);

    public async Task<T> ReceiveAsync<T>() where T : MqttPacket =>
        Assert.IsType<T>(await _client.ReceiveAsync(Cancel).WaitAsync(Patience, Cancel));

    /// <summary>Waits until the other side has ended the connection.</summary>
    public async Task EndsAsync()
    {
        var end = await Record.ExceptionAsync(async () =>
        {
            while (true) await _client.ReceiveAsync(Cancel).WaitAsync(Patience, Cancel);
        });
        Assert.False(end is TimeoutException, "the connection should have ended");
    }

    /// <summary>A whole QoS 2 handshake.</summary>
    public async Task PublishExactlyOnceAsync(string topic, string payload, ushort packetId, string? messageId = null)
    {
        await SendAsync(Publish(topic, payload, 2, packetId, messageId));
        await ReceiveAsync<MqttPubRecPacket>();
        await SendAsync(new MqttPubRelPacket { PacketIdentifier = packetId });
        await ReceiveAsync<MqttPubCompPacket>();
    }

    public void Dispose() => _client.Dispose();
}
