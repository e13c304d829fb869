using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>The rules for what leaves: stored first, in order, within the window.</summary>
internal sealed class WireChecks(SimWorld world)
{
    private readonly Dictionary<(PacketId, long), long> _places = [];
    private long _count;
    private long _highest;

    /// <summary>The broker has begun a new session: what leaves in it leaves for the first time.</summary>
    public void OnNewSession() => _places.Clear();

    public void OnEnded(PacketId id, long sequence) => _places.Remove((id, sequence));

    public void OnLeave(SimProcess process, SimConnection connection, in OutboundPacket packet)
    {
        if (packet.Record is { } named) world.Store.Durable.Name(named.Sequence, named.Topic);
        // What a fenced owner says, and what is said on a connection that the broker has closed, is said to nobody.
        if (world.Store.Holder?.Process != process) return;
        if (packet.IsPublish) OnFirst(packet, packet.Record!);
        if (!connection.IsOpenAtBroker)
        {
            // Nobody gets it, and it has its place in the order all the same.
            if (packet.IsPublish && _places.TryAdd((packet.PacketId, packet.Record!.Sequence), _count + 1)) _count++;
            return;
        }

        if (packet.IsPublish) OnPublish(connection, packet);
        else OnPubRel(connection, packet);
        connection.Checks.OnLeave(packet);
        if (!packet.IsPublish) return;
        var window = Math.Min(world.Plan.MaxInFlight, connection.ReceiveMaximum);
        if (connection.Checks.Outstanding > window) Violate(packet, $"{connection.Checks.Outstanding} are in flight, the window is {window}");
    }

    private void OnPublish(SimConnection connection, in OutboundPacket packet)
    {
        var (id, record) = (packet.PacketId, packet.Record!);
        if (world.Store.Durable.Find(id) is not { Stage: InflightStage.Sent } entry || entry.Sequence != record.Sequence)
            Violate(packet, $"a PUBLISH leaves and the ledger has {world.Store.Durable.Find(id)} under its packet id [W2]");
        var isKnown = _places.TryGetValue((id, record.Sequence), out var place);
        if (!isKnown) place = _places[(id, record.Sequence)] = ++_count;
        if (isKnown != packet.Dup && isKnown) Violate(packet, "it has left before in this session, and has no DUP");
        if (isKnown && connection.Checks.HasSentNew) Violate(packet, "a resend leaves behind what is new");
        if (place < connection.Checks.LastResend) Violate(packet, "resends are not in their order");
        connection.Checks.LastResend = place;
        connection.Checks.HasSentNew |= !isKnown && !packet.Dup;
    }

    /// <summary>Messages leave for the first time in the order of their sequences, whoever has accepted and whoever sends them.</summary>
    private void OnFirst(in OutboundPacket packet, LedgerRecord record)
    {
        if (world.Messages.Find(record.Topic) is not { HasLeft: false } message) return;
        message.HasLeft = true;
        // A ledger that has lost writes gives out sequences anew.
        if (world.Store.Life > 0) return;
        if (record.Sequence < _highest) Violate(packet, $"sequence {record.Sequence} leaves behind {_highest}");
        _highest = record.Sequence;
    }

    private void OnPubRel(SimConnection connection, in OutboundPacket packet)
    {
        if (packet.ReasonCode != 0) return;
        if (world.Store.Durable.Find(packet.PacketId) is not { Stage: InflightStage.Released })
            Violate(packet, $"a PUBREL leaves and the ledger has {world.Store.Durable.Find(packet.PacketId)} [W3]");
    }

    private static void Violate(in OutboundPacket packet, string what) => throw new ViolationException($"packet id {packet.PacketId}, {packet.Record?.Topic ?? "PUBREL"}: {what}");
}
