using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Sqlite.Commits;

/// <summary>
/// The packet ids that a commit frees, and those that it gives out. One that it frees is not free before the commit is stored (W4); and what it gives out was in flight before nobody.
/// </summary>
internal sealed class PacketIds
{
    private readonly HashSet<PacketId>? _freed;
    private readonly HashSet<PacketId>? _given;

    public PacketIds(LedgerCommit commit)
    {
        // A commit that only confirms, or only appends, needs no sets.
        var gives = commit.Moves.Count + commit.Assigns.Count + commit.Appends.Count > 0;
        if (gives) (_freed, _given) = (new HashSet<PacketId>(commit.Confirms.Count), []);
    }

    /// <summary>False for what this very commit has put there, or has moved already.</summary>
    public bool IsThere(PacketId packetId) => _given is null || !(_given.Contains(packetId) || _freed!.Contains(packetId));

    public void Free(PacketId packetId) => _freed?.Add(packetId);

    /// <returns>False when it is not free.</returns>
    public bool TryGive(PacketId packetId) => !_freed!.Contains(packetId) && _given!.Add(packetId);
}
