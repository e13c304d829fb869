using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Oracle;

/// <summary>What can be said of a packet to the broker by itself and by its place on the connection: rows 2, 5, 7, 27 to 31 and 33, and zero as a packet id.</summary>
internal static class PacketForm
{
    private const int FlagsOfPubRel = 0b0010;

    public static IEnumerable<WireProblem> Problems(WirePacket packet, AuditedConnection? connection)
    {
        if (packet.Forged) yield break;
        if (connection is null && packet.Type != MqttControlPacketType.Connect) yield return new(33, packet, "comes before CONNECT");
        if (connection is not null && packet.Type == MqttControlPacketType.Connect) yield return new(33, packet, "is a second CONNECT");
        if (connection is { SaidGoodbye: true }) yield return new(33, packet, "follows DISCONNECT");
        if (packet.Size > connection?.MaximumPacketSize)
            yield return new(27, packet, $"has {packet.Size} bytes, and the broker takes {connection.MaximumPacketSize}");
        if (packet.BadText is { } text) yield return new(31, packet, $"has a {text} that may not be on the wire");

        if (packet.Type == MqttControlPacketType.Publish && packet.Qos == 0)
        {
            if (packet.Dup) yield return new(7, packet, "is DUP at QoS 0");
            // Whoever writes a packet id there shifts all that follows it.
            if (packet.PacketId != 0 || packet.Malformed) yield return new(2, packet, "carries a packet id at QoS 0, or something else that has no place there");
        }
        else if (packet.Malformed)
        {
            yield return new(31, packet, "cannot be decoded");
        }
        else if (packet.PacketId == 0 && packet.Type is MqttControlPacketType.Publish or MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe)
        {
            yield return new(1, packet, "has no packet id");
        }

        if (packet.Type == MqttControlPacketType.PubRel && packet.Flags != FlagsOfPubRel) yield return new(5, packet, $"has the flags {packet.Flags:b4}");
        if (packet.Type != MqttControlPacketType.Publish || packet.Malformed) yield break;
        if (packet.TopicAlias is { } alias && packet.Qos > 0) yield return new(28, packet, $"has the topic alias {alias}, which ends with the connection");
        if (packet.HasSubscriptionIdentifier) yield return new(29, packet, "has a subscription identifier");
        if (IsNoTopic(packet.Topic)) yield return new(30, packet, "has no topic name");
        if (packet.ResponseTopic is { } response && IsNoTopic(response)) yield return new(30, packet, $"has '{response}' as its response topic");
    }

    private static bool IsNoTopic(string? topic) => string.IsNullOrEmpty(topic) || topic.AsSpan().ContainsAny('+', '#');
}
