using System.Buffers;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Mqtt;

// Proves that a record becomes the packet that its protocol version allows.
public sealed class OutgoingPacketsTests
{
    private static readonly LedgerRecord Record = new()
    {
        MessageId = "bestellung-ä",
        Topic = "a/b",
        Payload = new byte[] { 1, 2 },
        QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
        Retain = true,
        Properties = new MessageProperties
        {
            ContentType = "text/plain",
            ResponseTopic = "r",
            CorrelationData = new byte[] { 9 },
            PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData,
            UserProperties = [new MqttUserProperty("k", new ReadOnlyMemory<byte>("v"u8.ToArray()))],
        },
    };

    private static MqttPublishPacket Publish(OutboundPacket packet, bool mqtt5) => Assert.IsType<MqttPublishPacket>(OutgoingPackets.Create(packet, mqtt5));

    [Fact]
    [Conformance(28, 29)]
    public void Mqtt_5_carries_everything_and_the_message_id_last()
    {
        var packet = Publish(new OutboundPacket(new PacketId(5), Record, Dup: true, ExpirySeconds: 30), mqtt5: true);
        Assert.Equal((5, true, "a/b", true), (packet.PacketIdentifier, packet.Dup, packet.Topic, packet.Retain));
        Assert.Equal(MqttQualityOfServiceLevel.ExactlyOnce, packet.QualityOfServiceLevel);
        Assert.Equal([1, 2], packet.Payload.ToArray());
        Assert.Equal(30u, packet.MessageExpiryInterval);
        Assert.Equal(("text/plain", "r"), (packet.ContentType, packet.ResponseTopic));
        Assert.Equal([9], packet.CorrelationData);
        Assert.Equal(MqttPayloadFormatIndicator.CharacterData, packet.PayloadFormatIndicator);
        Assert.Equal(["k", "message-id"], packet.UserProperties.Select(property => property.Name));
        Assert.Equal("bestellung-ä", Encoding.UTF8.GetString(packet.UserProperties[1].ValueBuffer.Span));
        Assert.Single(Record.Properties!.UserProperties);
    }

    [Fact]
    public void Mqtt_311_carries_no_property()
    {
        var packet = Publish(new OutboundPacket(new PacketId(5), Record, ExpirySeconds: 30), mqtt5: false);
        Assert.Null(packet.UserProperties);
        Assert.Null(packet.ContentType);
        Assert.Null(packet.ResponseTopic);
        Assert.Null(packet.CorrelationData);
        Assert.Equal(0u, packet.MessageExpiryInterval);
        Assert.True(packet.Retain);
        Assert.False(packet.Dup);
    }

    [Theory]
    [InlineData(0u, 1u)]
    [InlineData(1u, 1u)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    public void An_expiry_is_never_taken_for_none(uint left, uint sent) =>
        Assert.Equal(sent, Publish(new OutboundPacket(new PacketId(1), Record, ExpirySeconds: left), mqtt5: true).MessageExpiryInterval);

    [Theory]
    [InlineData(true, 0x92)]
    [InlineData(false, 0)]
    [Conformance(35)]
    public void A_pubrel_has_a_reason_code_on_mqtt_5_only(bool mqtt5, byte expected)
    {
        var packet = Assert.IsType<MqttPubRelPacket>(OutgoingPackets.Create(new OutboundPacket(new PacketId(6), null, ReasonCode: 0x92), mqtt5));
        Assert.Equal((6, expected), (packet.PacketIdentifier, (byte)packet.ReasonCode));
    }

    [Fact]
    [Conformance(2, 7)]
    public void Qos_0_has_neither_packet_id_nor_dup_nor_an_empty_message_id()
    {
        var record = Record with { QualityOfService = MqttQualityOfServiceLevel.AtMostOnce, MessageId = default, Properties = null };
        var packet = Assert.IsType<MqttPublishPacket>(OutgoingPackets.CreateAtMostOnce(record, null, mqtt5: true));
        Assert.Equal((0, false), (packet.PacketIdentifier, packet.Dup));
        Assert.Null(packet.UserProperties);
    }
}
