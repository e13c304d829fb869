using System.Diagnostics.CodeAnalysis;

namespace ReliableMqtt.Ledger;

/// <summary>
/// What is true of message ids. Ids of the application are all here, from their accept until a deduplication window after their end.
/// Automatic ids are here only when their sequence alone would give a wrong answer: everything that ended other than by a confirm, and
/// what was replayed and so has another sequence.
/// </summary>
internal sealed class InMemoryMessageIndex
{
    // How many sequences that ended unconfirmed are remembered one by one after their window.
    private const int MaxForgotten = 65_536;

    private readonly Dictionary<MessageId, StatusAnswer> _answers;
    private readonly Queue<(DateTimeOffset ForgetAt, StatusAnswer Answer)> _finished;
    private readonly SortedSet<long> _forgotten;
    private long _unknownBelow;

    public InMemoryMessageIndex() => (_answers, _finished, _forgotten) = ([], [], []);

    private InMemoryMessageIndex(InMemoryMessageIndex other) =>
        (_answers, _finished, _forgotten, _unknownBelow) = (new(other._answers), new(other._finished), new(other._forgotten), other._unknownBelow);

    public InMemoryMessageIndex Copy() => new(this);

    public bool TryGet(MessageId messageId, [NotNullWhen(true)] out StatusAnswer? answer) => _answers.TryGetValue(messageId, out answer);

    /// <summary>Says until further notice: for what is pending, and for dead letters, which are known as long as they are kept.</summary>
    public void Keep(StatusAnswer answer) => _answers[answer.MessageId] = answer;

    /// <summary>Says what became of a message, at least until the given time.</summary>
    public void KeepUntil(StatusAnswer answer, DateTimeOffset forgetAt)
    {
        _answers[answer.MessageId] = answer;
        _finished.Enqueue((forgetAt, answer));
    }

    /// <summary>A sequence whose message was not confirmed, and of which no more is known: absence must not read as a confirm.</summary>
    public bool HasForgotten(long sequence) => sequence < _unknownBelow || _forgotten.Contains(sequence);

    public void Prune(DateTimeOffset now)
    {
        while (_finished.TryPeek(out var oldest) && oldest.ForgetAt <= now)
        {
            _finished.Dequeue();

            // This still is its answer: an id that is finished begins no other life before it is forgotten here.
            var id = oldest.Answer.MessageId;
            _answers.Remove(id);
            if (oldest.Answer.Status != LedgerStatus.Confirmed && id.TryGetSequence(out var sequence)) Forget(sequence);
        }
    }

    public void Remove(MessageId messageId) => _answers.Remove(messageId);

    /// <summary>Nothing is said any more of automatic ids up to this sequence.</summary>
    public void ForgetUpTo(long sequence) => _unknownBelow = Math.Max(_unknownBelow, sequence + 1);

    /// <summary>The automatic id of this sequence did not end with a confirm, or not for sure.</summary>
    public void Forget(long sequence)
    {
        _forgotten.Add(sequence);
        if (_forgotten.Count <= MaxForgotten) return;

        // Bounded: from here on nothing is said of sequences as old as the oldest of them.
        _unknownBelow = Math.Max(_unknownBelow, _forgotten.Min + 1);
        _forgotten.Remove(_forgotten.Min);
    }
}
