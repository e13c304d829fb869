using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Which message a connection cannot take: told before it is sent, and to the byte.</summary>
public class BrokerLimitsTests
{
    private static readonly ConnectionInfo Unlimited = new(1, SessionPresent: true);

    [Fact]
    public void A_lower_QoS_forbids_the_higher_only()
    {
        var connection = Unlimited with { MaximumQoS = MqttQualityOfServiceLevel.AtLeastOnce };
        Assert.Null(BrokerLimits.Find(connection, Message()));
        Assert.Contains("at most QoS 1", BrokerLimits.Find(connection, Message() with { QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce }), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_retained_message_needs_a_broker_that_retains()
    {
        var connection = Unlimited with { RetainAvailable = false };
        Assert.Null(BrokerLimits.Find(connection, Message()));
        Assert.Contains("retained", BrokerLimits.Find(connection, Message() with { Retain = true }), StringComparison.Ordinal);
        Assert.Null(BrokerLimits.Find(Unlimited, Message() with { Retain = true }));
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public void A_packet_may_be_as_large_as_the_limit(uint limit, bool fits)
    {
        // MQTT 3.1.1: fixed header 2, topic 3, packet id 2, payload 10.
        var connection = Unlimited with { Protocol = MqttProtocolVersion.V311, MaximumPacketSize = limit };
        Assert.Equal(fits, BrokerLimits.Find(connection, Message(payload: 10)) is null);
    }

    [Fact]
    public void The_properties_of_MQTT_5_count()
    {
        // The message id, and five bytes for the expiry.
        var id = Smallest(MqttProtocolVersion.V500, Message(payload: 10)) - Smallest(MqttProtocolVersion.V311, Message(payload: 10));
        Assert.Equal(1 + 1 + 2 + MessageId.UserPropertyName.Length + 2 + 2, id);
        Assert.Equal(5, Smallest(MqttProtocolVersion.V500, Message() with { ExpiresAt = DateTimeOffset.UnixEpoch }) - Smallest(MqttProtocolVersion.V500, Message()));
    }

    [Fact]
    public void A_long_topic_payload_or_property_is_found_wherever_the_bytes_are()
    {
        var connection = Unlimited with { MaximumPacketSize = 2_600 };
        // 900 characters of three bytes each.
        Assert.NotNull(BrokerLimits.Find(connection, Message() with { Topic = new string('€', 900) }));
        Assert.NotNull(BrokerLimits.Find(connection, Message(payload: 2_600)));
        Assert.NotNull(BrokerLimits.Find(connection, Message() with { Properties = new MessageProperties { ContentType = new string('c', 2_600) } }));
        Assert.Null(BrokerLimits.Find(connection, Message() with { Properties = new MessageProperties { ContentType = "c" } }));
    }

    private static int Smallest(MqttProtocolVersion protocol, LedgerRecord record) =>
        Enumerable.Range(1, 1_000).First(limit => BrokerLimits.Find(Unlimited with { Protocol = protocol, MaximumPacketSize = (uint)limit }, record) is null);

    private static LedgerRecord Message(int payload = 0) =>
        new() { Topic = "t", MessageId = new MessageId("id"), QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce, Payload = new byte[payload] };
}
