namespace ReliableMqtt.IntegrationTests.Fixtures;

/// <summary>The properties of a packet of MQTT 5 (§2.2.2), as far as somebody asks about them.</summary>
internal sealed class WireProperties
{
    public int? ReceiveMaximum { get; private set; }

    public long? MaximumPacketSize { get; private set; }

    public string? ResponseTopic { get; private set; }

    public int? TopicAlias { get; private set; }

    public bool HasSubscriptionIdentifier { get; private set; }

    public string? MessageId { get; private set; }

    /// <summary>Reads the length and all of them; <see cref="FormatException"/> for one that does not exist.</summary>
    public static WireProperties Read(ref WireCursor packet)
    {
        var properties = new WireProperties();
        var part = new WireCursor(packet.Take(packet.Variable()));
        while (part.Rest.Length > 0) properties.ReadOne(ref part);
        packet.Join(part);
        return properties;
    }

    private void ReadOne(ref WireCursor part)
    {
        switch (part.Byte())
        {
            case 0x01 or 0x17 or 0x19 or 0x24 or 0x25 or 0x28 or 0x29 or 0x2A:
                part.Byte();
                break;
            case 0x21:
                ReceiveMaximum = part.Two();
                break;
            case 0x23:
                TopicAlias = part.Two();
                break;
            case 0x13 or 0x22:
                part.Two();
                break;
            case 0x27:
                MaximumPacketSize = part.Four();
                break;
            case 0x02 or 0x11 or 0x18:
                part.Four();
                break;
            case 0x0B:
                part.Variable();
                HasSubscriptionIdentifier = true;
                break;
            case 0x08:
                ResponseTopic = part.Text("response topic");
                break;
            case 0x03 or 0x12 or 0x15 or 0x1A or 0x1C or 0x1F:
                part.Text("property");
                break;
            case 0x09 or 0x16:
                part.Binary();
                break;
            case 0x26:
                var name = part.Text("user property");
                var value = part.Text("user property");
                if (name == ReliableMqtt.MessageId.UserPropertyName) MessageId = value;
                break;
            case var unknown:
                throw new FormatException($"There is no property 0x{unknown:X2}.");
        }
    }
}
