using ReliableMqtt.Messages;

namespace ReliableMqtt.Ledger;

/// <summary>What one ledger object has had accepted lately. Its members are called under the lock of the publisher id.</summary>
internal sealed class InMemoryAcceptor(ulong id)
{
    private readonly KeptAccepts _kept = new();
    private int _life;

    public ulong Id => id;

    public bool IsIdle => _kept.IsEmpty;

    public bool Has(MessageId messageId) => _kept.HasAny(new HashSet<MessageId> { messageId });

    public LedgerRecord Name(LedgerRecord record) => record with { Acceptor = id, AcceptorNumber = _kept.TakeNumbers(1) };

    public void Keep(LedgerRecord record, in AcceptAnswer answer, DateTimeOffset now)
    {
        if (answer.Status == AcceptStatus.Accepted) _kept.Add(record with { MessageId = answer.MessageId, Sequence = answer.Sequence }, now);
    }

    /// <summary>Accepts again what was lost with the life before, unless an owner had it.</summary>
    public void Again(InMemoryState state, int life, DateTimeOffset now)
    {
        if (life == _life)
        {
            _kept.Trim(now);
            return;
        }

        _life = life;
        foreach (var kept in _kept.Lost(state.Jumped, new HashSet<KeptAccept>()))
        {
            var record = kept.Record;
            var taken = state.Taken.Select(run => run.SequenceOf(id, record.AcceptorNumber)).FirstOrDefault(sequence => sequence > 0);
            if (taken > 0) kept.Found(record.MessageId, taken);
            else if (state.Index.TryGet(record.MessageId, out var existing)) kept.Found(record.MessageId, existing.Sequence);
            else
            {
                var again = record with { Sequence = ++state.Tail };
                state.Backlog.Append(again);
                state.Accepted++;
                if (InMemoryState.IsIndexed(again)) state.Index.Keep(new StatusAnswer(again.MessageId, LedgerStatus.Pending, again.Sequence));
                kept.Found(again.MessageId, again.Sequence);
            }
        }
    }
}
