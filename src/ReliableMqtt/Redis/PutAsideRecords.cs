using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>
/// Records that this process has put into quarantine: a server that loses writes has them back where they were, or has lost them as well. Either way they were
/// not confirmed, and must not read so.
/// </summary>
internal sealed class PutAsideRecords
{
    private const int AtMost = 1_000;

    private readonly object _gate = new();
    private readonly List<Record> _records = [];
    private string _unread = "";
    private long _forgottenUpTo;

    public IReadOnlyList<Record> Records
    {
        get { lock (_gate) return [.. _records]; }
    }

    /// <summary>Ranges of sequences, as the header has them, that are unknown for the sake of records without a readable sequence.</summary>
    public string Unread
    {
        get { lock (_gate) return _unread; }
    }

    public void Add(Record record, string unread)
    {
        lock (_gate)
        {
            _unread += unread;
            if (_records.Contains(record)) return;
            _records.Add(record);
            if (_records.Count <= AtMost) return;
            _forgottenUpTo = Math.Max(_forgottenUpTo, _records[0].Sequence);
            _records.RemoveAt(0);
        }
    }

    /// <summary>They count among what did not end with a confirm.</summary>
    public LedgerRestore AddTo(LedgerRestore restore)
    {
        lock (_gate)
        {
            return restore with
            {
                Unconfirmed = [.. restore.Unconfirmed, .. _records.Select(record => record.Sequence).Where(sequence => sequence > 0)],
                ForgottenUpTo = Math.Max(restore.ForgottenUpTo, _forgottenUpTo),
            };
        }
    }

    /// <summary>One of them, with the arguments that took it out of the way.</summary>
    public sealed record Record(string Place, RedisKey Key, RedisValue Field, RedisValue Bytes, string Problem)
    {
        /// <summary>Its sequence as far as it can be read; that of a dead letter was told when it became one.</summary>
        public long Sequence =>
            Place != "dead" && (ReadOnlyMemory<byte>)Bytes is { Length: > StampedSequence.Size } bytes && StampedSequence.TryRead(bytes.Span[1..], out var sequence) ? sequence : 0;
    }
}
