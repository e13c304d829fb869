using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests;

namespace ReliableMqtt.Torture.Controls;

/// <summary>A flaw: after a restart packet ids begin at 1 again, also those of messages that were in flight under others.</summary>
internal sealed class RenumberedLedger(AckLedger inner) : DelegatingLedger(inner)
{
    // By the session's packet id the ledger's: every id has one, so that the ledger never sees an id twice.
    private readonly ushort[] _stored = [.. Enumerable.Range(0, PacketId.Max + 1).Select(id => (ushort)id)];

    public override async ValueTask<RecoveredState> RecoverAsync(LedgerEpoch epoch, CancellationToken cancellationToken)
    {
        var recovered = await base.RecoverAsync(epoch, cancellationToken);
        List<InflightEntry> entries = [];
        foreach (var entry in recovered.InFlight.OrderBy(entry => entry.State.Order))
        {
            var id = entries.Count + 1;
            var holder = Array.IndexOf(_stored, entry.PacketId.Value);
            (_stored[id], _stored[holder]) = (_stored[holder], _stored[id]);
            entries.Add(entry with { PacketId = new PacketId((ushort)id) });
        }

        return recovered with { InFlight = entries };
    }

    public override ValueTask<CommitResult> CommitAsync(LedgerCommit commit, CancellationToken cancellationToken) => base.CommitAsync(
        commit with
        {
            Confirms = [.. commit.Confirms.Select(op => op with { PacketId = Stored(op.PacketId) })],
            Releases = [.. commit.Releases.Select(op => op with { PacketId = Stored(op.PacketId) })],
            DeadLetters = [.. commit.DeadLetters.Select(op => op with { PacketId = Stored(op.PacketId) })],
            Moves = [.. commit.Moves.Select(op => op with { PacketId = Stored(op.PacketId), NewPacketId = Stored(op.NewPacketId) })],
            Assigns = [.. commit.Assigns.Select(op => op with { PacketId = Stored(op.PacketId) })],
            Appends = [.. commit.Appends.Select(op => op with { PacketId = op.PacketId is { } id ? Stored(id) : null })],
        },
        cancellationToken);

    private PacketId Stored(PacketId id) => new(_stored[id.Value]);
}
