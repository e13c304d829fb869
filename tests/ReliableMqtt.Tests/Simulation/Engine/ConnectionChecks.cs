using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>What the client has outstanding on one connection, and how far its resends have come.</summary>
internal sealed class ConnectionChecks
{
    private readonly Dictionary<PacketId, bool> _outstanding = [];
    private readonly HashSet<PacketId> _begun = [];

    /// <summary>The place of the last PUBLISH on it.</summary>
    public long LastResend { get; set; }

    /// <summary>A PUBLISH has left on it that had never left before: resends come before it.</summary>
    public bool HasSentNew { get; set; }

    public int Outstanding => _outstanding.Count;

    public bool IsOutstanding(PacketId id) => _outstanding.ContainsKey(id);

    public void OnLeave(in OutboundPacket packet)
    {
        if (packet.IsPublish) _outstanding[packet.PacketId] = packet.Record!.QualityOfService == MQTTnet.Protocol.MqttQualityOfServiceLevel.ExactlyOnce;
        // One that answers a PUBREC that was repeated asks for nothing.
        else if (!_begun.Contains(packet.PacketId) && packet.ReasonCode == 0) _outstanding.TryAdd(packet.PacketId, true);
        _begun.Add(packet.PacketId);
    }

    public void OnAck(in Ack ack)
    {
        if (!_outstanding.TryGetValue(ack.PacketId, out var isExactlyOnce)) return;
        var ends = ack.Kind switch
        {
            AckKind.PubAck => !isExactlyOnce,
            AckKind.PubComp => isExactlyOnce,
            _ => isExactlyOnce && ack.ReasonCode >= 0x80,
        };
        if (ends) _outstanding.Remove(ack.PacketId);
    }
}
