using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;
using ReliableMqtt.Torture.Processes;

namespace ReliableMqtt.Torture.Profile;

/// <summary>Makes the broker forget a publisher's session while handshakes of it stand still in one of their steps, so that its next CONNACK says Session Present 0.</summary>
internal sealed class SessionThief(Stage stage, Seat seat, MqttControlPacketType? held, Random random, CancellationToken stop)
{
    private const int Standing = 10;
    private static readonly MqttControlPacketType[] Steps = [MqttControlPacketType.PubRec, MqttControlPacketType.PubRel, MqttControlPacketType.PubComp];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task StealAsync()
    {
        await Task.Delay(random.Next(300, 800), stop);
        await seat.StartedAsync(stop);
        var rule = seat.Tap.On(held ?? (seat.QoS == 1 ? MqttControlPacketType.PubAck : Steps[random.Next(Steps.Length)]), TapAction.Drop, times: 100);
        var fault = stage.Faults.Begin(Kinds.SessionLoss, seat.Name);
        await Patience.UntilAsync(() => rule.Hits >= Standing, Limit, stop);
        seat.Proxy.Refuses = true;
        seat.Proxy.Cut();
        await Patience.UntilAsync(() => seat.Proxy.OpenCount == 0, Limit, stop);
        await rule.ReleaseAsync();
        await ForgetAsync();
        seat.Proxy.Refuses = false;
        fault.Over();
    }

    // A clean start under the same client id, which keeps nothing at its end.
    private async Task ForgetAsync()
    {
        using var client = new MqttClientFactory().CreateLowLevelMqttClient();
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", stage.Broker!.Port).WithProtocolVersion(MqttProtocolVersion.V500).Build(), stop);
        await client.SendAsync(new MqttConnectPacket { ClientId = seat.Name, CleanSession = true }, stop);
        if (await client.ReceiveAsync(stop) is not MqttConnAckPacket { ReasonCode: MqttConnectReasonCode.Success }) throw new InvalidOperationException("The broker does not take a clean start.");
        await client.SendAsync(new MqttDisconnectPacket(), stop);
    }
}
