using MQTTnet;
using MQTTnet.Diagnostics.PacketInspection;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.Tests.Deduplication;

#pragma warning disable CS0067 // Of its events two are raised.

/// <summary>A client that only receives: tests say what, and see which packet ids are acknowledged, in which order.</summary>
internal sealed class ReceivingClient : IMqttClient
{
    private readonly List<int> _acknowledged = [];
    private ushort _packetId;

    public event Func<MqttApplicationMessageReceivedEventArgs, Task>? ApplicationMessageReceivedAsync;

    public event Func<MqttClientConnectedEventArgs, Task>? ConnectedAsync;

    public event Func<MqttClientConnectingEventArgs, Task>? ConnectingAsync;

    public event Func<MqttClientDisconnectedEventArgs, Task>? DisconnectedAsync;

    public event Func<InspectMqttPacketEventArgs, Task>? InspectPacketAsync;

    public bool IsConnected => true;

    public MqttClientOptions Options { get; } = new();

    /// <summary>The packet ids of acknowledgements, in their order.</summary>
    public IReadOnlyList<int> Acknowledged
    {
        get { lock (_acknowledged) return [.. _acknowledged]; }
    }

    public bool HasHandler => ApplicationMessageReceivedAsync is not null;

    /// <summary>What happens before an acknowledgement leaves.</summary>
    public Func<CancellationToken, Task>? BeforeAcknowledge { get; set; }

    /// <summary>A delivery; its packet id is one more than that of the one before.</summary>
    public async Task<MqttApplicationMessageReceivedEventArgs> DeliverAsync(MqttApplicationMessage message, MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce)
    {
        message.QualityOfServiceLevel = qos;
        var args = new MqttApplicationMessageReceivedEventArgs("c", message, new MqttPublishPacket { PacketIdentifier = ++_packetId, QualityOfServiceLevel = qos }, async (acknowledged, cancel) =>
        {
            if (BeforeAcknowledge is not null) await BeforeAcknowledge(cancel);
            lock (_acknowledged) _acknowledged.Add(acknowledged.PacketIdentifier);
        });
        await ApplicationMessageReceivedAsync!(args);
        return args;
    }

    /// <summary>Another connection begins.</summary>
    public Task ReconnectAsync() => ConnectingAsync!(new MqttClientConnectingEventArgs(Options));

    public Task<MqttClientConnectResult> ConnectAsync(MqttClientOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task DisconnectAsync(MqttClientDisconnectOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task PingAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<MqttClientPublishResult> PublishAsync(MqttApplicationMessage applicationMessage, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task SendEnhancedAuthenticationExchangeDataAsync(MqttEnhancedAuthenticationExchangeData data, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<MqttClientSubscribeResult> SubscribeAsync(MqttClientSubscribeOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<MqttClientUnsubscribeResult> UnsubscribeAsync(MqttClientUnsubscribeOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
