using System.Buffers.Binary;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

/// <summary>
/// Writes a PUBLISH or PUBREL straight into memory, byte for byte as MQTTnet's encoder would (a test compares the two), without a packet object, a list of
/// properties and a lock for each: see docs/performance.md.
/// </summary>
internal ref struct PacketWriter
{
    private const int MaxRemaining = 268_435_455;

    private readonly Span<byte> _bytes;
    private int _at;

    private PacketWriter(Span<byte> bytes) => _bytes = bytes;

    /// <summary>How many bytes the packet has.</summary>
    /// <exception cref="InvalidOperationException">MQTT has no such packet (§2.1.4).</exception>
    public static int Measure(in OutboundPacket packet, bool mqtt5)
    {
        if (packet.Record is not { } record) return packet.ReasonCode == 0 || !mqtt5 ? 4 : 5;
        var size = PublishPacketSize.Measure(record, mqtt5, packet.ExpirySeconds is not null);
        return size <= MaxRemaining ? (int)size : throw new InvalidOperationException($"A packet of {size} bytes is too long for MQTT.");
    }

    /// <summary>Writes it into exactly so many bytes.</summary>
    /// <exception cref="InvalidOperationException">A text is too long for MQTT (§1.5.4).</exception>
    public static void Write(in OutboundPacket packet, bool mqtt5, Span<byte> bytes)
    {
        var writer = new PacketWriter(bytes);
        if (packet.Record is { } record) writer.Publish(packet, record, mqtt5);
        else writer.PubRel(packet, mqtt5);
        if (writer._at != bytes.Length) throw new InvalidOperationException($"A packet was measured as {bytes.Length} bytes and has {writer._at}.");
    }

    private void PubRel(in OutboundPacket packet, bool mqtt5)
    {
        var hasCode = packet.ReasonCode != 0 && mqtt5;
        Byte(0x62);
        Byte((byte)(hasCode ? 3 : 2));
        UInt16(packet.PacketId.Value);
        if (hasCode) Byte(packet.ReasonCode);
    }

    private void Publish(in OutboundPacket packet, LedgerRecord record, bool mqtt5)
    {
        Byte((byte)(0x30 | (packet.Dup ? 8 : 0) | ((int)record.QualityOfService << 1) | (record.Retain ? 1 : 0)));
        VariableInteger(_bytes.Length - 1 - LengthOfLength(_bytes.Length));
        Text(record.Topic);
        if (record.QualityOfService != MqttQualityOfServiceLevel.AtMostOnce) UInt16(packet.PacketId.Value);
        if (mqtt5) Properties(record, packet.ExpirySeconds);
        record.Payload.Span.CopyTo(_bytes[_at..]);
        _at += record.Payload.Length;
    }

    private void Properties(LedgerRecord record, uint? expirySeconds)
    {
        VariableInteger((int)PublishPacketSize.Properties(record, expirySeconds is not null));
        var properties = record.Properties;
        if (!string.IsNullOrEmpty(properties?.ContentType)) Text(0x03, properties.ContentType);
        if (properties?.CorrelationData is { } correlation) Binary(0x09, correlation.Span);
        // A message on its last second must not become immortal: 0 would be no expiry to MQTTnet's encoder.
        if (expirySeconds is { } seconds) UInt32(0x02, Math.Max(seconds, 1));
        if (properties is { PayloadFormatIndicator: not MqttPayloadFormatIndicator.Unspecified })
        {
            Byte(0x01);
            Byte((byte)properties.PayloadFormatIndicator);
        }

        if (!string.IsNullOrEmpty(properties?.ResponseTopic)) Text(0x08, properties.ResponseTopic);
        if (properties is not null)
        {
            foreach (var property in properties.UserProperties)
            {
                Text(0x26, property.Name);
                Binary(property.ValueBuffer.Span);
            }
        }

        if (record.MessageId.IsEmpty) return;
        Text(0x26, MessageId.UserPropertyName);
        var length = record.MessageId.Utf8Length;
        UInt16((ushort)length);
        record.MessageId.WriteUtf8(_bytes.Slice(_at, length));
        _at += length;
    }

    private void Text(byte property, string text)
    {
        Byte(property);
        Text(text);
    }

    private void Text(string text)
    {
        var length = Encoding.UTF8.GetBytes(text, _bytes[(_at + 2)..]);
        UInt16(Length(length));
        _at += length;
    }

    private void Binary(byte property, ReadOnlySpan<byte> bytes)
    {
        Byte(property);
        Binary(bytes);
    }

    private void Binary(ReadOnlySpan<byte> bytes)
    {
        UInt16(Length(bytes.Length));
        bytes.CopyTo(_bytes[_at..]);
        _at += bytes.Length;
    }

    private static ushort Length(int length) => length <= ushort.MaxValue ? (ushort)length
        : throw new InvalidOperationException($"A text or binary value of {length} bytes is too long for MQTT.");

    private void Byte(byte value) => _bytes[_at++] = value;

    private void UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[_at..], value);
        _at += 2;
    }

    private void UInt32(byte property, uint value)
    {
        Byte(property);
        BinaryPrimitives.WriteUInt32BigEndian(_bytes[_at..], value);
        _at += 4;
    }

    private void VariableInteger(int value)
    {
        for (; value >= 128; value >>= 7) Byte((byte)(value | 128));
        Byte((byte)value);
    }

    // Of a packet with a fixed header: what follows it is one byte shorter for the type, and as much as its own length needs.
    private static int LengthOfLength(int size) => size switch { < 2 + 128 => 1, < 3 + 16_384 => 2, < 4 + 2_097_152 => 3, _ => 4 };
}
