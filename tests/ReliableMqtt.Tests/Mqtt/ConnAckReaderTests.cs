using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Mqtt;

// Reads bytes through MQTTnet's own decoder, since it is the decoder's treatment of absent properties that matters.
public sealed class ConnAckReaderTests
{
    private static ConnectionInfo Read(MqttProtocolVersion protocol, params byte[] body)
    {
        var formatter = new MqttPacketFormatterAdapter(protocol, new MqttBufferWriter(4096, 65535));
        var packet = (MqttConnAckPacket)formatter.Decode(new ReceivedMqttPacket(0x20, body, body.Length + 2));
        Assert.Equal(0, ConnAckReader.CodeOf(packet, protocol));
        return ConnAckReader.Read(packet, protocol, 3);
    }

    [Fact]
    public void Absent_properties_of_mqtt_5_mean_the_protocols_defaults()
    {
        var info = Read(MqttProtocolVersion.V500, 1, 0, 0);
        Assert.Equal(new ConnectionInfo(3, true), info);
        Assert.Equal(65_535, info.ReceiveMaximum);
        Assert.Equal(268_435_460u, info.MaximumPacketSize);
        Assert.Equal(MqttQualityOfServiceLevel.ExactlyOnce, info.MaximumQoS);
        Assert.True(info.RetainAvailable);
    }

    [Fact]
    public void Properties_of_mqtt_5_are_read()
    {
        var info = Read(MqttProtocolVersion.V500, 0, 0, 12, 0x21, 0, 20, 0x24, 0, 0x25, 0, 0x27, 0, 0, 1, 0);
        Assert.False(info.SessionPresent);
        Assert.Equal(20, info.ReceiveMaximum);
        Assert.Equal(256u, info.MaximumPacketSize);
        Assert.Equal(MqttQualityOfServiceLevel.AtMostOnce, info.MaximumQoS);
        Assert.False(info.RetainAvailable);
    }

    [Fact]
    public void Mqtt_311_has_no_limits()
    {
        var info = Read(MqttProtocolVersion.V311, 1, 0);
        Assert.Equal(new ConnectionInfo(3, true) { Protocol = MqttProtocolVersion.V311 }, info);
    }

    [Fact]
    public void A_refusal_of_either_version_has_its_code()
    {
        Assert.Equal(5, ConnAckReader.CodeOf(
            new MqttConnAckPacket { ReturnCode = MqttConnectReturnCode.ConnectionRefusedNotAuthorized }, MqttProtocolVersion.V311));
        Assert.Equal(0x87, ConnAckReader.CodeOf(new MqttConnAckPacket { ReasonCode = MqttConnectReasonCode.NotAuthorized }, MqttProtocolVersion.V500));
    }
}
