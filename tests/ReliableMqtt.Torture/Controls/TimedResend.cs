using ReliableMqtt.Session;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: what has no answer after a while is sent again on the living connection.</summary>
internal sealed class TimedResend : WireFilter
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, OutboundPacket> _waiting = [];

    public override void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets)
    {
        base.Send(connectionId, packets);
        foreach (var packet in packets)
        {
            if (!packet.IsPublish) continue;
            lock (_lock) _waiting[packet.PacketId.Value] = packet;
            _ = ResendAsync(connectionId, packet);
        }
    }

    public override void OnAck(int connectionId, in Ack ack)
    {
        lock (_lock) _waiting.Remove(ack.PacketId.Value);
        base.OnAck(connectionId, ack);
    }

    public override void OnConnectionLost(int connectionId, ConnectionLoss loss)
    {
        lock (_lock) _waiting.Clear();
        base.OnConnectionLost(connectionId, loss);
    }

    private async Task ResendAsync(int connectionId, OutboundPacket packet)
    {
        await Task.Delay(Patience);
        lock (_lock)
            if (!_waiting.TryGetValue(packet.PacketId.Value, out var waiting) || waiting.Record != packet.Record) return;
        base.Send(connectionId, [packet with { Dup = true }]);
    }
}
