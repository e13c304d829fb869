using ReliableMqtt.Session;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: with the PUBREC a handshake counts as done. PUBREL is sent, and nothing waits for its PUBCOMP.</summary>
internal sealed class EarlyConfirm : WireFilter
{
    public override void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets)
    {
        base.Send(connectionId, packets);
        foreach (var packet in packets)
            if (!packet.IsPublish) OnAck(connectionId, new Ack(AckKind.PubComp, packet.PacketId));
    }
}
