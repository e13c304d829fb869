using System.Diagnostics.CodeAnalysis;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>The in-flight entries by packet id, and by sequence for those who ask for an automatic message id.</summary>
internal sealed class InMemoryInflight
{
    private readonly Dictionary<PacketId, InflightEntry> _entries = [];
    private readonly Dictionary<long, LedgerRecord> _bySequence = [];

    public int Count => _entries.Count;

    public long Bytes { get; private set; }

    public IReadOnlyCollection<InflightEntry> Entries => _entries.Values;

    public bool Contains(PacketId packetId) => _entries.ContainsKey(packetId);

    public bool TryGet(PacketId packetId, [NotNullWhen(true)] out InflightEntry? entry) => _entries.TryGetValue(packetId, out entry);

    public LedgerRecord? Find(long sequence) => _bySequence.GetValueOrDefault(sequence);

    public void Add(InflightEntry entry)
    {
        _entries.Add(entry.PacketId, entry);
        _bySequence.Add(entry.Record.Sequence, entry.Record);
        Bytes += entry.Record.Size;
    }

    public LedgerRecord Remove(PacketId packetId)
    {
        _entries.Remove(packetId, out var entry);
        _bySequence.Remove(entry!.Record.Sequence);
        Bytes -= entry.Record.Size;
        return entry.Record;
    }

    public InMemoryInflight Copy()
    {
        var copy = new InMemoryInflight();
        foreach (var entry in _entries.Values) copy.Add(entry);
        return copy;
    }

    public void Release(ReleaseOp op)
    {
        var entry = _entries[op.PacketId];
        var state = entry.State with { Stage = InflightStage.Released, ReleaseOrder = op.ReleaseOrder };
        _entries[op.PacketId] = entry with { State = state };
    }

    public void Move(MoveOp op)
    {
        _entries.Remove(op.PacketId, out var entry);
        _entries.Add(op.NewPacketId, entry! with { PacketId = op.NewPacketId, State = op.State });
    }
}
