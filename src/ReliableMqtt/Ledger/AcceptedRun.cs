using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>Messages of one acceptor whose numbers and sequences both rise by one.</summary>
/// <param name="Acceptor">See <see cref="LedgerRecord.Acceptor"/>.</param>
/// <param name="FirstNumber">The <see cref="LedgerRecord.AcceptorNumber"/> of the first.</param>
/// <param name="FirstSequence">The sequence of the first.</param>
/// <param name="Count">How many.</param>
public readonly record struct AcceptedRun(ulong Acceptor, long FirstNumber, long FirstSequence, int Count)
{
    /// <summary>The run of one message.</summary>
    internal static AcceptedRun Of(LedgerRecord record) => new(record.Acceptor, record.AcceptorNumber, record.Sequence, 1);

    /// <summary>Whether the other one goes on where this one ends.</summary>
    internal bool IsFollowedBy(in AcceptedRun next) =>
        next.Acceptor == Acceptor && next.FirstNumber == FirstNumber + Count && next.FirstSequence == FirstSequence + Count;

    /// <summary>The sequence of the message with this number; 0 when it is not one of the run.</summary>
    internal long SequenceOf(ulong acceptor, long number) =>
        acceptor == Acceptor && number >= FirstNumber && number < FirstNumber + Count ? FirstSequence + number - FirstNumber : 0;

    /// <summary>The same messages in as few runs as can be.</summary>
    internal static List<AcceptedRun> Merge(IEnumerable<AcceptedRun> runs)
    {
        var merged = new List<AcceptedRun>();
        foreach (var run in runs.OrderBy(run => run.Acceptor).ThenBy(run => run.FirstNumber))
        {
            if (merged.Count > 0 && merged[^1].IsFollowedBy(run)) merged[^1] = merged[^1] with { Count = merged[^1].Count + run.Count };
            else merged.Add(run);
        }

        return merged;
    }
}
