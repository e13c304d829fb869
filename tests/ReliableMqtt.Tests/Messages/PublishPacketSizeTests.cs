using System.Buffers;
using System.Text;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Proves that the measured size is the one that MQTTnet's encoder makes (conformance row 27).</summary>
public class PublishPacketSizeTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [Conformance(27)]
    public void Row_27_the_size_is_that_of_the_encoded_packet(int seed, bool mqtt5)
    {
        var random = new Random(seed);
        for (var round = 0; round < 3_000; round++)
        {
            var record = RandomRecords.Next(random);
            var withExpiry = random.Next(2) == 0;
            var expected = Encode(record, mqtt5, withExpiry).Length;
            var actual = PublishPacketSize.Measure(record, mqtt5, withExpiry);
            Assert.True(expected == actual, $"Seed {seed}, round {round}: {actual} measured, {expected} encoded, of {record}.");
        }
    }

    [Theory]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(2_097_151)]
    [InlineData(2_097_152)]
    public void The_length_field_grows_at_its_borders(int around)
    {
        for (var length = around - 12; length <= around + 1; length++)
        {
            var record = new LedgerRecord { Topic = "t", Payload = new byte[length], QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
            Assert.Equal(Encode(record, mqtt5: false, withExpiry: false).Length, PublishPacketSize.Measure(record, mqtt5: false, withExpiry: false));
        }
    }

    [Fact]
    public void Properties_of_more_than_a_buffer_are_measured_too()
    {
        var properties = new MessageProperties
        {
            UserProperties = [.. Enumerable.Range(0, 40).Select(i => new MqttUserProperty($"name-{i}", new byte[60_000]))],
        };
        var record = new LedgerRecord
        {
            Topic = "t",
            MessageId = "id",
            QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
            Properties = properties,
        };
        Assert.Equal(Encode(record, mqtt5: true, withExpiry: true).Length, PublishPacketSize.Measure(record, mqtt5: true, withExpiry: true));
    }

    [Fact]
    public void A_message_without_an_id_is_measured_with_the_longest_automatic_one()
    {
        var record = new LedgerRecord { Topic = "t", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
        var longest = record with { MessageId = MessageId.ForSequence(ulong.MaxValue, long.MaxValue) };
        var usual = record with { MessageId = MessageId.ForSequence(0, 1) };
        Assert.Equal(PublishPacketSize.Measure(longest, true, false), PublishPacketSize.Measure(record, true, false));
        Assert.True(PublishPacketSize.Measure(usual, true, false) < PublishPacketSize.Measure(record, true, false));
    }

    [Fact]
    [Conformance(2)]
    public void Qos_0_has_neither_packet_id_nor_message_id()
    {
        var record = new LedgerRecord { Topic = "t", Payload = new byte[3], QualityOfService = MqttQualityOfServiceLevel.AtMostOnce };
        Assert.Equal(8, PublishPacketSize.Measure(record, mqtt5: false, withExpiry: false));
        Assert.Equal(9, PublishPacketSize.Measure(record, mqtt5: true, withExpiry: false));
    }

    private static MqttPacketBuffer Encode(LedgerRecord record, bool mqtt5, bool withExpiry)
    {
        var properties = record.Properties;
        var packet = new MqttPublishPacket
        {
            Topic = record.Topic,
            QualityOfServiceLevel = record.QualityOfService,
            PacketIdentifier = record.QualityOfService == MqttQualityOfServiceLevel.AtMostOnce ? (ushort)0 : (ushort)1,
            Retain = record.Retain,
            Payload = new ReadOnlySequence<byte>(record.Payload),
            MessageExpiryInterval = withExpiry ? 60u : 0u,
            ContentType = properties?.ContentType,
            ResponseTopic = properties?.ResponseTopic,
            CorrelationData = properties?.CorrelationData?.ToArray(),
            PayloadFormatIndicator = properties?.PayloadFormatIndicator ?? MqttPayloadFormatIndicator.Unspecified,
            UserProperties = [.. properties?.UserProperties ?? []],
        };
        if (!record.MessageId.IsEmpty)
            packet.UserProperties.Add(new MqttUserProperty(MessageId.UserPropertyName, Encoding.UTF8.GetBytes(record.MessageId.Value)));
        return new MqttPacketFormatterAdapter(mqtt5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311, new MqttBufferWriter(4096, 65_535))
            .Encode(packet);
    }
}
