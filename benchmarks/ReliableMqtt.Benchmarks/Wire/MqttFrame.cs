namespace ReliableMqtt.Benchmarks.Wire;

/// <summary>The packets of MQTT by their numbers (MQTT 5 §2.1.2), as far as they are used here.</summary>
internal enum PacketType
{
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,
}

/// <summary>A fixed header (MQTT 5 §2.1).</summary>
internal readonly record struct MqttFrame(PacketType Type, int Flags, int HeaderLength, int BodyLength)
{
    /// <summary>False when the header is not all there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MqttFrame frame)
    {
        frame = default;
        var length = 0;
        for (var i = 1; i < bytes.Length; i++)
        {
            if (i > 4) throw new InvalidDataException("The remaining length has more than four bytes.");
            length |= (bytes[i] & 0x7F) << ((i - 1) * 7);
            if (bytes[i] >= 0x80) continue;
            frame = new MqttFrame((PacketType)(bytes[0] >> 4), bytes[0] & 0xF, i + 1, length);
            return true;
        }

        return false;
    }
}
