using System.Text;
using CsCheck;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Messages;

/// <summary>No topic becomes another one on its way: what is accepted stands on the wire as it was given (conformance rows 30 and 31).</summary>
public class TopicPropertyTests
{
    private static readonly string[] Pieces =
    [
        "", "/", "+", "#", "$SYS", "a", "plant", "\0", "\u001f", "\u007f", "\ufeff", "\ufffe", "\ufffd", "\ud800", "\udc00", "😀", "€", "e\u0301", "\u00a0", "\u202e",
    ];

    private static readonly Gen<string> Strange = Gen.OneOf(
        Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]),
        Gen.Char.Select(one => one.ToString()),
        Gen.String[0, 8]).List[0, 12].Select(parts => string.Concat(parts));

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    public void What_is_accepted_stands_on_the_wire_as_it_was_given(MqttProtocolVersion protocol)
    {
        var (accepted, refused) = (0, 0);
        Strange.Sample(topic =>
        {
            var mqtt5 = protocol == MqttProtocolVersion.V500;
            try
            {
                MessageValidator.Validate(new PublishMessage(topic, "payload"u8.ToArray(), MqttQualityOfServiceLevel.AtLeastOnce), 1_000, mqtt5);
            }
            catch (ReliablePublishException error) when (error.Reason == PublishFailure.InvalidMessage)
            {
                Interlocked.Increment(ref refused);
                return;
            }

            Interlocked.Increment(ref accepted);
            var onWire = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(TopicOnWire(topic, protocol));
            Assert.Equal(topic, onWire);
            Assert.DoesNotContain(onWire, character => character is '+' or '#' or '\0');
        }, iter: 20_000);
        Assert.True(accepted > 500 && refused > 500, $"{accepted} accepted, {refused} refused");
    }

    private static byte[] TopicOnWire(string topic, MqttProtocolVersion protocol)
    {
        var record = new LedgerRecord { Topic = topic, Payload = "payload"u8.ToArray(), QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
        var packet = OutgoingPackets.Create(new OutboundPacket(new PacketId(1), record), protocol == MqttProtocolVersion.V500);
        var formatter = new MqttPacketFormatterAdapter(protocol, new MqttBufferWriter(64, 65_535));
        var bytes = formatter.Encode(packet).Join().ToArray();

        // Fixed header: a byte, and the length with seven bits in each byte; then the topic behind two bytes of its own length.
        var at = 1;
        while ((bytes[at++] & 0x80) != 0) { }
        return bytes[(at + 2)..(at + 2 + (bytes[at] << 8) + bytes[at + 1])];
    }
}
