namespace ReliableMqtt.Ledger;

/// <summary>What a commit has to tell those who accepted the messages that it ends.</summary>
internal static class FinishNotices
{
    /// <summary>The ends by acceptor; null when nobody is to be told.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="except">The acceptor of this object, who learns it otherwise.</param>
    public static Dictionary<ulong, List<StatusAnswer>>? Of(LedgerCommit commit, ulong except)
    {
        Dictionary<ulong, List<StatusAnswer>>? notices = null;
        foreach (var op in commit.Confirms)
            if (op.Acceptor != 0 && op.Acceptor != except) Add(op.Acceptor, new(op.MessageId, LedgerStatus.Confirmed, op.Sequence, op.ReasonCode, commit.At));
        foreach (var op in commit.DeadLetters)
            if (op.Acceptor != 0 && op.Acceptor != except) Add(op.Acceptor, new(op.MessageId, LedgerStatus.DeadLettered, op.Sequence, op.Reason.ReasonCode, commit.At));
        foreach (var op in commit.Drops)
        {
            if (op.Acceptor == 0 || op.Acceptor == except) continue;
            Add(op.Acceptor, new(op.MessageId, op.Reason is null ? LedgerStatus.Expired : LedgerStatus.DeadLettered, op.Sequence, op.Reason?.ReasonCode, commit.At));
        }

        return notices;

        void Add(ulong acceptor, StatusAnswer answer)
        {
            notices ??= [];
            if (!notices.TryGetValue(acceptor, out var answers)) notices.Add(acceptor, answers = []);
            answers.Add(answer);
        }
    }
}
