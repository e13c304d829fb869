using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>The session of the publisher at the broker.</summary>
internal sealed class BrokerMemory
{
    private readonly Dictionary<PacketId, (string Topic, long Sequence)> _published = [];

    /// <summary>What the ledger had in flight when the session began: all of it belongs to an earlier one.</summary>
    private readonly List<(PacketId Id, long Sequence)> _foreign;

    public BrokerMemory(DurableHandshakes durable) => _foreign = [.. durable.All.Where(item => item.Entry.Stage != Ledger.InflightStage.Parked).Select(item => (item.Id, item.Entry.Sequence))];

    /// <summary>Topics of QoS 2 handshakes between PUBLISH and PUBREL.</summary>
    public Dictionary<PacketId, string> Held { get; } = [];

    /// <summary>The topic that came last under this packet id.</summary>
    public string? Last(PacketId id) => _published.TryGetValue(id, out var last) ? last.Topic : null;

    public void OnPublish(PacketId id, LedgerRecord record) => _published[id] = (record.Topic, record.Sequence);

    /// <summary>Nothing in the ledger stands as it stood in the session before, unless it has been sent in this one.</summary>
    public bool IsKnownTo(DurableHandshakes durable)
    {
        _foreign.RemoveAll(item => durable.Find(item.Id)?.Sequence != item.Sequence || (_published.TryGetValue(item.Id, out var sent) && sent.Sequence == item.Sequence));
        return _foreign.Count == 0;
    }
}
