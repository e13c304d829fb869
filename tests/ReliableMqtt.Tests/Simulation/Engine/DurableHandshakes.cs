using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Simulation.Engine;

/// <summary>What the ledger has in flight, kept a second time from the commits that it applied: what the checks hold the wire against.</summary>
internal sealed class DurableHandshakes
{
    /// <summary>Told of a message that is no longer in flight under this packet id: it may get the same one again, as another handshake.</summary>
    public Action<PacketId, long>? Ended { get; set; }

    private readonly Dictionary<PacketId, Entry> _entries = [];
    private readonly Dictionary<long, string> _topics = [];
    private string _token = "";
    private long _operation;
    private (string Token, long Operation) _restored;

    public IEnumerable<(PacketId Id, Entry Entry)> All => _entries.Select(pair => (pair.Key, pair.Value));

    public Entry? Find(PacketId id) => _entries.GetValueOrDefault(id);

    /// <summary>The topic of a message that has been in flight.</summary>
    public string? TopicOf(long sequence) => _topics.GetValueOrDefault(sequence);

    /// <summary>A message leaves under this sequence.</summary>
    public void Name(long sequence, string topic) => _topics[sequence] = topic;

    public void OnCommit(LedgerCommit commit, CommitResult result)
    {
        if (result.Status is not (CommitStatus.Applied or CommitStatus.AppendsRefused)) return;
        // The same commit may be applied, as far as its answer says, several times.
        if (commit.Epoch.Token == _token && commit.Operation <= _operation) return;
        (_token, _operation) = (commit.Epoch.Token, commit.Operation);
        foreach (var confirm in commit.Confirms) _entries.Remove(confirm.PacketId);
        foreach (var release in commit.Releases)
            if (_entries.TryGetValue(release.PacketId, out var entry)) _entries[release.PacketId] = entry with { Stage = InflightStage.Released };
        foreach (var dead in commit.DeadLetters) _entries.Remove(dead.PacketId);
        foreach (var move in commit.Moves)
            if (_entries.Remove(move.PacketId, out var moved))
            {
                _entries[move.NewPacketId] = moved with { Stage = move.State.Stage };
                Ended?.Invoke(move.PacketId, moved.Sequence);
            }

        foreach (var assign in commit.Assigns) _entries[assign.PacketId] = new Entry(assign.Sequence, InflightStage.Sent);
        if (result.Status != CommitStatus.Applied || result.FirstMoved != 0) return;
        foreach (var append in commit.Appends)
            if (append.PacketId is { } id) _entries[id] = new Entry(append.Record.Sequence, InflightStage.Sent);
    }

    /// <summary>The owner has written back what it had.</summary>
    public void OnRestored(LedgerRestore restore)
    {
        // It has the number of the commit that is void, which may have been applied before it was lost.
        if ((restore.Epoch.Token, restore.Operation) == _restored) return;
        _restored = (_token, _operation) = (restore.Epoch.Token, restore.Operation);
        _entries.Clear();
        foreach (var entry in restore.InFlight) _entries[entry.PacketId] = new Entry(entry.Record.Sequence, entry.State.Stage);
    }

    public sealed record Entry(long Sequence, InflightStage Stage);
}
