using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

// What goes out on the connection, and the acks that come in.
internal sealed partial class SimLink
{
    /// <summary>How long a PINGRESP may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<PacketId, PacketId> _onWire = [];
    private readonly Dictionary<PacketId, PacketId> _fromWire = [];

    public void Send(int connectionId, ReadOnlySpan<OutboundPacket> packets)
    {
        world.CheckThread();
        if (_current is not { IsOpenAtClient: true } current || current.IdInProcess != connectionId) return;
        foreach (var packet in packets) Leave(current, packet);
    }

    private void Leave(SimConnection connection, OutboundPacket packet)
    {
        world.Trace.Note(world, packet.IsPublish ? packet.Dup ? "PUBLISH DUP" : "PUBLISH" : "PUBREL", packet.Record?.Topic, packet.PacketId.Value);
        world.Wire.OnLeave(process, connection, packet);
        if (world.Bug == PlantedBug.RestartsPacketIds) packet = packet with { PacketId = Renumber(packet.PacketId) };
        var sent = packet;
        connection.ToBroker(() => world.Broker.OnPacket(connection, sent));
        if (world.Bug == PlantedBug.ResendsWhileConnected && packet.IsPublish)
            world.After(TimeSpan.FromSeconds(1), process, "bug", () =>
            {
                if (connection.IsOpenAtClient && connection.Checks.IsOutstanding(sent.PacketId)) connection.ToBroker(() => world.Broker.OnPacket(connection, sent with { Dup = true }));
            });
    }

    public void Probe(int connectionId)
    {
        if (_current is not { IsOpenAtClient: true } current || current.IdInProcess != connectionId) return;
        Ping(current, () => process.Pump.OnAlive(connectionId), () => OnLost(current, new ConnectionLoss(LossCause.Link)));
    }

    public void Recycle(int connectionId, RecycleReason reason)
    {
        if (_current is not { IsOpenAtClient: true, IsRecycling: false } current || current.IdInProcess != connectionId) return;
        current.IsRecycling = true;
        world.Trace.Note(world, "recycles", process.Name, (long)reason);
        if (reason != RecycleReason.AckOverdue) world.After(TimeSpan.Zero, process, $"{process.Name} close", () => CloseIfOpen(current));
        else Ping(current, () => CloseIfOpen(current), () => OnLost(current, new ConnectionLoss(LossCause.Local)));
    }

    private void CloseIfOpen(SimConnection connection)
    {
        if (connection.IsOpenAtClient) Close(connection);
    }

    private void Ping(SimConnection connection, Action answered, Action unanswered)
    {
        var overdue = world.After(Patience, process, $"{process.Name} ping", unanswered, isTimer: true);
        connection.ToBroker(() =>
        {
            if (!connection.IsOpenAtBroker) return;
            connection.ToClient(() =>
            {
                overdue.IsCancelled = true;
                if (connection.IsOpenAtClient) answered();
            });
        });
    }

    /// <summary>An ack has come.</summary>
    public void OnAck(SimConnection connection, Ack ack)
    {
        if (!connection.IsOpenAtClient) return;
        if (world.Bug == PlantedBug.RestartsPacketIds && _fromWire.TryGetValue(ack.PacketId, out var own)) ack = ack with { PacketId = own };
        world.Trace.Note(world, ack.Kind switch { AckKind.PubAck => "PUBACK", AckKind.PubRec => "PUBREC", _ => "PUBCOMP" }, process.Name, ack.PacketId.Value + (ack.ReasonCode << 16));
        connection.MadeProgress = true;
        connection.Checks.OnAck(ack);
        process.Pump.OnAck(connection.IdInProcess, ack);
        if (world.Bug == PlantedBug.ReleasesBeforeStoring && ack is { Kind: AckKind.PubRec, ReasonCode: < 0x80 }) Leave(connection, new OutboundPacket(ack.PacketId, null));
    }

    private PacketId Renumber(PacketId own)
    {
        if (_onWire.TryGetValue(own, out var known)) return known;
        var next = new PacketId((ushort)(_onWire.Count + 1));
        (_onWire[own], _fromWire[next]) = (next, own);
        return next;
    }
}
