using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.Messages;

/// <summary>
/// The properties within a record: a byte of flags (content type 1, response topic 2, correlation data 4), the Payload Format Indicator, those
/// of the three that there are, then the number of user properties and each of them, name and value. All with their length before them.
/// </summary>
internal static class PropertiesCodec
{
    private const byte HasContentType = 1, HasResponseTopic = 2, HasCorrelationData = 4;

    public static int Measure(MessageProperties properties)
    {
        var size = 2 + ByteWriter.SizeOf((uint)properties.UserProperties.Count);
        if (properties.ContentType is { } contentType) size += ByteWriter.SizeOf(contentType);
        if (properties.ResponseTopic is { } responseTopic) size += ByteWriter.SizeOf(responseTopic);
        if (properties.CorrelationData is { } correlation) size += ByteWriter.SizeOf(correlation.Span);
        foreach (var user in properties.UserProperties) size += ByteWriter.SizeOf(user.Name) + ByteWriter.SizeOf(user.ValueBuffer.Span);
        return size;
    }

    public static void Write(MessageProperties properties, ref ByteWriter writer)
    {
        writer.Byte((byte)((properties.ContentType is null ? 0 : HasContentType) | (properties.ResponseTopic is null ? 0 : HasResponseTopic)
            | (properties.CorrelationData is null ? 0 : HasCorrelationData)));
        writer.Byte((byte)properties.PayloadFormatIndicator);
        if (properties.ContentType is { } contentType) writer.Text(contentType);
        if (properties.ResponseTopic is { } responseTopic) writer.Text(responseTopic);
        if (properties.CorrelationData is { } correlation) writer.Bytes(correlation.Span);
        writer.Count((uint)properties.UserProperties.Count);
        foreach (var user in properties.UserProperties)
        {
            writer.Text(user.Name);
            writer.Bytes(user.ValueBuffer.Span);
        }
    }

    public static MessageProperties Read(ref ByteReader reader)
    {
        var flags = reader.Byte();
        return new MessageProperties
        {
            PayloadFormatIndicator = (MqttPayloadFormatIndicator)reader.Byte(),
            ContentType = (flags & HasContentType) != 0 ? reader.Text() : null,
            ResponseTopic = (flags & HasResponseTopic) != 0 ? reader.Text() : null,
            CorrelationData = (flags & HasCorrelationData) != 0 ? reader.Bytes() : default(ReadOnlyMemory<byte>?),
            UserProperties = ReadUserProperties(ref reader),
        };
    }

    private static List<MqttUserProperty> ReadUserProperties(ref ByteReader reader)
    {
        var properties = new List<MqttUserProperty>();
        for (var left = reader.Count(); left > 0; left--) properties.Add(new MqttUserProperty(reader.Text(), reader.Bytes()));
        return properties;
    }
}
