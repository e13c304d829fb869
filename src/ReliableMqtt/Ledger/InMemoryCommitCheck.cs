using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>The preconditions of a commit's sections, as if they were applied one after the other. Reads only.</summary>
internal sealed class InMemoryCommitCheck(InMemoryState state, LedgerCommit commit)
{
    // Entries that left their packet id, or were released, in an earlier section of this commit; and packet ids that it gives out.
    private readonly HashSet<PacketId> _left = [];
    private readonly HashSet<PacketId> _released = [];
    private readonly HashSet<PacketId> _given = [];

    public void Run(bool moved)
    {
        CommitRules.Check(commit, state.Nonce);
        foreach (var op in commit.Confirms) Leave(op.PacketId, op.Sequence, op.MessageId);
        foreach (var op in commit.Releases) Release(op.PacketId);
        foreach (var op in commit.DeadLetters) Leave(op.PacketId, op.Sequence, op.MessageId);
        foreach (var op in commit.Moves) Move(op);
        CheckHead();
        CheckAppends(moved);
    }

    private InflightEntry Entry(PacketId packetId) => state.Inflight.TryGet(packetId, out var entry) && !_left.Contains(packetId)
        ? entry : throw Refused($"no entry is in flight under packet id {packetId}");

    private void Leave(PacketId packetId, long sequence, MessageId messageId)
    {
        var record = Entry(packetId).Record;
        if (record.Sequence != sequence || record.MessageId != messageId)
            throw Refused($"packet id {packetId} is of sequence {record.Sequence} ({record.MessageId}), not of {sequence} ({messageId})");
        _left.Add(packetId);
    }

    private void Release(PacketId packetId)
    {
        var entry = Entry(packetId);
        if (entry.Record.QualityOfService != MqttQualityOfServiceLevel.ExactlyOnce) throw Refused($"packet id {packetId} is not of QoS 2");
        if (entry.State.Stage != InflightStage.Sent || !_released.Add(packetId)) throw Refused($"packet id {packetId} is not in stage Sent");
    }

    private void Move(MoveOp op)
    {
        Entry(op.PacketId);
        _left.Add(op.PacketId);
        if (op.NewPacketId != op.PacketId) Give(op.NewPacketId);
    }

    private void CheckHead()
    {
        var leaving = commit.Drops.Count + commit.Assigns.Count;
        if (leaving > state.Backlog.Count)
            throw Refused($"{leaving} messages should leave the backlog, which has {state.Backlog.Count}");
        for (var i = 0; i < commit.Drops.Count; i++)
        {
            var (head, drop) = (state.Backlog[i], commit.Drops[i]);
            if (head.Sequence != drop.Sequence || head.MessageId != drop.MessageId)
                throw Refused($"the backlog has sequence {head.Sequence} where {drop.Sequence} ({drop.MessageId}) should be dropped");
        }

        for (var i = 0; i < commit.Assigns.Count; i++)
        {
            var (head, assign) = (state.Backlog[commit.Drops.Count + i], commit.Assigns[i]);
            if (head.Sequence != assign.Sequence)
                throw Refused($"the backlog has sequence {head.Sequence} where {assign.Sequence} should be assigned");
            Give(assign.PacketId);
        }
    }

    private void CheckAppends(bool moved)
    {
        var mayGoDirectly = commit.Drops.Count + commit.Assigns.Count == state.Backlog.Count;
        foreach (var (record, packetId) in commit.Appends)
        {
            // Moved appends take no packet id: all of them go to the backlog.
            if (packetId is not { } id || moved) continue;
            if (!mayGoDirectly) throw Refused($"the append {record.Sequence} would overtake the backlog");
            Give(id);
        }
    }

    private void Give(PacketId packetId)
    {
        if (state.Inflight.Contains(packetId) || !_given.Add(packetId)) throw Refused($"packet id {packetId} is not free");
    }

    private InvalidOperationException Refused(string problem) => CommitRules.Refused(commit, problem);
}
