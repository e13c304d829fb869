using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.Tests;

/// <summary>Proves that what no broker can take is refused before anything is stored, and says what to change (conformance rows 28 to 32).</summary>
public class MessageValidatorTests
{
    private const int MaxPayloadSize = 1_000;
    private static readonly PublishMessage Valid = new("plant/7", new byte[10]);

    public static TheoryData<string, PublishMessage> Invalid => new()
    {
        { "The topic is empty", Valid with { Topic = null! } },
        { "The topic is empty", Valid with { Topic = "" } },
        { "wildcard '+'", Valid with { Topic = "a/+" } },
        { "wildcard '#'", Valid with { Topic = "#" } },
        { "control character U+0000", Valid with { Topic = "a\0b" } },
        { "lone surrogate U+D800", Valid with { Topic = "a" + (char)0xD800 } },
        { "65536 bytes long", Valid with { Topic = new string('x', 65_536) } },
        { "quality of service 3", Valid with { QualityOfService = (MqttQualityOfServiceLevel)3 } },
        { "quality of service -1", Valid with { QualityOfService = (MqttQualityOfServiceLevel)(-1) } },
        { "begins with '~'", With(new() { MessageId = "~mine" }) },
        { "begins with '~'", With(new() { MessageId = "~0000000000000ABC-f" }) },
        { "message expiry", With(new() { MessageExpiry = TimeSpan.FromMilliseconds(999) }) },
        { "message expiry", With(new() { MessageExpiry = TimeSpan.FromSeconds(4_294_967_296) }) },
        { "confirm timeout", With(new() { ConfirmTimeout = TimeSpan.Zero }) },
    };

    public static TheoryData<string, PublishOptions> InvalidProperties => new()
    {
        { "The content type contains the control character", new() { ContentType = "text\n" } },
        { "The response topic is empty", new() { ResponseTopic = "" } },
        { "The response topic contains the wildcard '+'", new() { ResponseTopic = "answer/+" } },
        { "The response topic contains the lone surrogate", new() { ResponseTopic = "a" + (char)0xDFFF } },
        { "The correlation data has 65536 bytes", new() { CorrelationData = new byte[65_536] } },
        { "payload format indicator 2", new() { PayloadFormatIndicator = (MqttPayloadFormatIndicator)2 } },
        { "A user property is null", new() { UserProperties = [null!] } },
        { "The name of a user property contains the control character", new() { UserProperties = [Property("a\0", "b")] } },
        { "The name of a user property is 65536 bytes long", new() { UserProperties = [Property(new string('n', 65_536), "b")] } },
        { "The value of the user property a contains the control character", new() { UserProperties = [Property("ok", "ok"), Property("a", "b\0")] } },
        { "The value of the user property a is not valid UTF-8", new() { UserProperties = [new("a", new byte[] { 0xC3 })] } },
        { "The value of the user property a is 65536 bytes long", new() { UserProperties = [Property("a", new string('v', 65_536))] } },
        { "The user property message-id is the library's own", new() { UserProperties = [Property("message-id", "x")] } },
    };

    public static TheoryData<string, PublishOptions> NeedMqtt5 => new()
    {
        { "ContentType", new() { ContentType = "text/plain" } },
        { "ResponseTopic", new() { ResponseTopic = "answer" } },
        { "CorrelationData", new() { CorrelationData = new byte[1] } },
        { "PayloadFormatIndicator", new() { PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData } },
        { "UserProperties", new() { UserProperties = [Property("a", "b")] } },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    [Conformance(30, 31)]
    public void Rows_30_and_31_what_cannot_go_into_a_publish_is_refused(string text, PublishMessage message)
    {
        AssertRefused(message, mqtt5: true, PublishFailure.InvalidMessage, text);
        AssertRefused(message, mqtt5: false, PublishFailure.InvalidMessage, text);
    }

    [Theory]
    [MemberData(nameof(InvalidProperties))]
    [Conformance(30, 31)]
    public void Rows_30_and_31_what_cannot_go_into_a_property_is_refused(string text, PublishOptions options) =>
        AssertRefused(With(options), mqtt5: true, PublishFailure.InvalidMessage, text);

    [Theory]
    [MemberData(nameof(NeedMqtt5))]
    public void A_field_of_mqtt_5_is_refused_on_3_1_1(string field, PublishOptions options)
    {
        MessageValidator.Validate(With(options), MaxPayloadSize, mqtt5: true);
        AssertRefused(With(options), mqtt5: false, PublishFailure.InvalidMessage, $"{field} needs MQTT 5");
    }

    [Fact]
    public void The_ledger_honours_an_expiry_and_an_id_on_3_1_1_too()
    {
        MessageValidator.Validate(With(new() { MessageExpiry = TimeSpan.FromSeconds(1), MessageId = "a", Retain = true }), MaxPayloadSize, mqtt5: false);
        MessageValidator.Validate(With(new() { UserProperties = [] }), MaxPayloadSize, mqtt5: false);
    }

    [Fact]
    public void A_payload_above_the_limit_is_too_large()
    {
        MessageValidator.Validate(Valid with { Payload = new byte[MaxPayloadSize] }, MaxPayloadSize, mqtt5: true);
        AssertRefused(Valid with { Payload = new byte[MaxPayloadSize + 1] }, mqtt5: true, PublishFailure.MessageTooLarge, "1001 bytes");
    }

    [Fact]
    public void A_packet_above_the_protocol_s_limit_is_too_large()
    {
        var property = new MqttUserProperty("a", Encoding.UTF8.GetBytes(new string('v', 60_000)));
        var properties = Enumerable.Repeat(property, 4_474).ToArray();
        MessageValidator.Validate(With(new() { UserProperties = [.. properties[..4_000]] }), MaxPayloadSize, mqtt5: true);
        AssertRefused(With(new() { UserProperties = properties }), mqtt5: true, PublishFailure.MessageTooLarge, "MQTT allows 268435460");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_payload_that_leaves_no_room_for_its_topic_is_too_large(bool mqtt5)
    {
        var thrown = Assert.Throws<ReliablePublishException>(
            () => MessageValidator.Validate(Valid with { Payload = new byte[268_435_455] }, 268_435_455, mqtt5));
        Assert.Equal(PublishFailure.MessageTooLarge, thrown.Reason);
    }

    [Fact]
    public void Everything_that_is_allowed_passes()
    {
        MessageValidator.Validate(Valid, MaxPayloadSize, mqtt5: true);
        MessageValidator.Validate(Valid with { Payload = default, QualityOfService = MqttQualityOfServiceLevel.AtMostOnce }, MaxPayloadSize, mqtt5: false);
        MessageValidator.Validate(Valid with { Topic = "$SYS/x", QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce }, MaxPayloadSize, mqtt5: true);
        MessageValidator.Validate(With(new() { MessageId = MessageId.ForSequence(1, 1) }), MaxPayloadSize, mqtt5: true);
        MessageValidator.Validate(With(new()
        {
            MessageExpiry = TimeSpan.FromSeconds(uint.MaxValue),
            ConfirmTimeout = Timeout.InfiniteTimeSpan,
            ContentType = "",
            ResponseTopic = "$share",
            CorrelationData = new byte[65_535],
            PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData,
            UserProperties = [Property("", ""), Property("ü", "😀"), Property("Message-Id", "x"), Property("a", new string('v', 65_535))],
        }), MaxPayloadSize, mqtt5: true);
    }

    [Fact]
    public void A_missing_message_is_misuse() =>
        Assert.Throws<ArgumentNullException>(() => MessageValidator.Validate((PublishMessage)null!, MaxPayloadSize, mqtt5: true));

    private static PublishMessage With(PublishOptions options) => Valid with { Options = options };

    private static MqttUserProperty Property(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    private static void AssertRefused(PublishMessage message, bool mqtt5, PublishFailure reason, string text)
    {
        var thrown = Assert.Throws<ReliablePublishException>(() => MessageValidator.Validate(message, MaxPayloadSize, mqtt5));
        Assert.Equal(reason, thrown.Reason);
        Assert.False(thrown.IsTransient);
        Assert.Contains(text, thrown.Message, StringComparison.Ordinal);
        Assert.EndsWith(" Nothing was stored.", thrown.Message, StringComparison.Ordinal);
        MqttQualityOfServiceLevel? quality = Enum.IsDefined(message.QualityOfService) ? message.QualityOfService : null;
        Assert.Equal(
            (PublishOutcome.NotAccepted, message.Topic, quality, message.Options?.MessageId ?? default),
            (thrown.Receipt.Outcome, thrown.Receipt.Topic, thrown.Receipt.QualityOfService, thrown.Receipt.MessageId));
        Assert.True(thrown.Receipt.IsFinal);
    }
}
