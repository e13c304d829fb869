using MQTTnet.Formatter;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Mqtt;
using ReliableMqtt.Session;
using ReliableMqtt.Tests.Messages;

namespace ReliableMqtt.Tests.Mqtt;

/// <summary>Proves that the session's packets are those that MQTTnet's encoder makes.</summary>
public sealed class PacketWriterTests
{
    private static byte[] Write(in OutboundPacket packet, bool mqtt5)
    {
        var bytes = new byte[PacketWriter.Measure(packet, mqtt5)];
        PacketWriter.Write(packet, mqtt5, bytes);
        return bytes;
    }

    private static byte[] Encode(in OutboundPacket packet, bool mqtt5)
    {
        var made = packet.Record is { QualityOfService: MqttQualityOfServiceLevel.AtMostOnce } record
            ? OutgoingPackets.CreateAtMostOnce(record, packet.ExpirySeconds, mqtt5) : OutgoingPackets.Create(packet, mqtt5);
        return [.. new MqttPacketFormatterAdapter(mqtt5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311, new MqttBufferWriter(4096, 65_535)).Encode(made).Join()];
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(null, true)] // Another seed each time.
    [Conformance(2, 3, 27)]
    public void A_publish_is_that_of_MQTTnet_byte_for_byte(int? given, bool mqtt5)
    {
        var seed = given ?? Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 3_000; round++)
        {
            var record = RandomRecords.Next(random);
            var payload = record.Payload.ToArray();
            random.NextBytes(payload);
            record = record with { Payload = payload };
            var isQoS0 = record.QualityOfService == MqttQualityOfServiceLevel.AtMostOnce;
            var packet = new OutboundPacket(
                isQoS0 ? default : new PacketId((ushort)random.Next(PacketId.Min, PacketId.Max + 1)), record, Dup: !isQoS0 && random.Next(2) == 0,
                ExpirySeconds: random.Next(3) switch { 0 => null, 1 => 0, _ => (uint)random.NextInt64(1, uint.MaxValue) });
            var withoutExpiry = mqtt5 ? packet : packet with { ExpirySeconds = null };
            Assert.True(Encode(packet, mqtt5).SequenceEqual(Write(withoutExpiry, mqtt5)), $"seed {seed}, round {round}: {packet}");
        }
    }

    [Theory]
    [InlineData(0, true, "62 02 01 02")]
    [InlineData(0x92, true, "62 03 01 02 92")]
    [InlineData(0x92, false, "62 02 01 02")]
    [Conformance(9)]
    public void A_pubrel_has_its_code_where_there_is_one(byte code, bool mqtt5, string expected) =>
        Assert.Equal(expected, BitConverter.ToString(Write(new OutboundPacket(new PacketId(0x102), null, ReasonCode: code), mqtt5)).Replace('-', ' '));

    [Fact]
    public void What_MQTT_cannot_carry_is_refused()
    {
        var record = new LedgerRecord { Topic = new string('t', 70_000), MessageId = "id", QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };
        Assert.Throws<InvalidOperationException>(() => Write(new OutboundPacket(new PacketId(1), record), mqtt5: true));
    }
}
