using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>A <see cref="SessionChannelAdapter"/> between a fake wire and a reader that plays MqttClient.</summary>
internal sealed class AdapterHarness
{
    public AdapterHarness(
        MqttProtocolVersion protocol = MqttProtocolVersion.V500, TimeSpan keepAlive = default, IncomingQos2Ids? ids = null, int connectionId = 1)
    {
        Wire = new FakeAdapter(protocol);
        Adapter = new SessionChannelAdapter(
            Wire, Wire, new AdapterSettings(connectionId, Sink, ids ?? new IncomingQos2Ids(), keepAlive, Time, NullLogger.Instance));
    }

    public FakeAdapter Wire { get; }

    public FakeSink Sink { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public SessionChannelAdapter Adapter { get; }

    public static LedgerRecord Record(MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) =>
        new() { MessageId = "order-1", Topic = "t", Payload = new byte[] { 1, 2, 3 }, QualityOfService = qos };

    public static OutboundPacket Publish(ushort packetId) => new(new PacketId(packetId), Record());

    /// <summary>Plays a CONNACK through, as MqttClient would read it.</summary>
    public async Task<MqttConnAckPacket> ConnectAsync(MqttConnAckPacket? connAck = null)
    {
        Wire.Receive(connAck ?? new MqttConnAckPacket { RetainAvailable = true, MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce });
        return Assert.IsType<MqttConnAckPacket>(await ReadAsync());
    }

    /// <summary>What MqttClient gets next.</summary>
    public async Task<MqttPacket?> ReadAsync() =>
        await Adapter.ReceivePacketAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    public static async Task Eventually(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Not within 10 s: {what}");
            await Task.Yield();
        }
    }
}
