using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>What can be told of a commit without asking the store, which checks the rest.</summary>
internal static class CommitRules
{
    /// <exception cref="InvalidOperationException">The caller has made a mistake; nothing is written.</exception>
    public static void Check(LedgerCommit commit, ulong nonce)
    {
        if (commit.Operation < 1) throw new InvalidOperationException($"Operation numbers begin at 1; this commit carries {commit.Operation}.");
        foreach (var move in commit.Moves)
        {
            if (move.State is null) throw Refused(commit, $"the move of packet id {move.PacketId} names no state");
            CheckPacketId(commit, move.NewPacketId);
        }

        foreach (var assign in commit.Assigns) CheckPacketId(commit, assign.PacketId);
        var queued = false;
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var (record, packetId) = commit.Appends[i];
            CheckRecord(commit, record, commit.ExpectedTail + 1 + i, nonce);
            if (packetId is { } id)
            {
                if (queued) throw Refused(commit, $"the append {record.Sequence} would overtake an append for the backlog");
                CheckPacketId(commit, id);
            }
            else
                queued = true;
        }
    }

    public static InvalidOperationException Refused(LedgerCommit commit, string problem) =>
        new($"Commit {commit.Operation} is refused, and nothing was written: {problem}.");

    private static void CheckPacketId(LedgerCommit commit, PacketId packetId)
    {
        if (packetId.Value is < PacketId.Min or > PacketId.Max) throw Refused(commit, $"{packetId} is not a packet id of a publisher");
    }

    private static void CheckRecord(LedgerCommit commit, LedgerRecord record, long sequence, ulong nonce)
    {
        if (record is null) throw Refused(commit, "an append has no record");
        if (record.Sequence != sequence) throw Refused(commit, $"an append carries sequence {record.Sequence} in the place of {sequence}");
        if (record.QualityOfService is not (MqttQualityOfServiceLevel.AtLeastOnce or MqttQualityOfServiceLevel.ExactlyOnce))
            throw Refused(commit, $"the append {sequence} is of {record.QualityOfService}, which a ledger does not keep");
        if (record.MessageId.TryGetSequence(out var automatic) && (automatic != sequence || record.MessageId.LedgerNonce != nonce))
            throw Refused(commit, $"the append {sequence} carries the automatic id {record.MessageId}, which is of another message");
    }
}
