using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The arguments of the script commit.lua, which says what they are.</summary>
internal sealed class CommitArguments
{
    private readonly List<RedisValue> _values;
    private readonly DateTimeOffset _at;

    // One piece of memory for everything that is binary. It is never used again: a copy of the call may be under way for longer than its answer.
    private readonly byte[] _buffer;
    private int _used;

    private CommitArguments(LedgerCommit commit, DateTimeOffset at)
    {
        _at = at;
        var bytes = (commit.Confirms.Count + commit.DeadLetters.Count + commit.Drops.Count + commit.Assigns.Count) * StampedSequence.Size;
        foreach (var append in commit.Appends) bytes = checked(bytes + RecordCodec.Measure(append.Record));
        _buffer = GC.AllocateUninitializedArray<byte>(bytes);
        _values = new List<RedisValue>(32 + ((commit.Confirms.Count + commit.Releases.Count + commit.Assigns.Count + commit.Appends.Count) * 3));
    }

    /// <param name="commit">The commit.</param>
    /// <param name="options">The limits.</param>
    /// <param name="isOutOfMemory">The server has refused the appends.</param>
    /// <param name="notices">Channels, and what is to be told there.</param>
    public static RedisValue[] Of(LedgerCommit commit, LedgerOpenOptions options, bool isOutOfMemory, IReadOnlyList<(string Channel, string Text)> notices)
    {
        var arguments = new CommitArguments(commit, commit.At == default ? options.TimeProvider.GetUtcNow() : commit.At);
        arguments._values.AddRange(
        [
            commit.Epoch.Token, commit.Operation, commit.ExpectedTail, commit.LowestUnfinished, SessionText.Format(commit.Session),
            options.MaxPending, options.MaxPendingBytes, options.MaxDeadLetters, isOutOfMemory ? 1 : 0,
        ]);
        arguments.Settle(commit);
        arguments.Dispatch(commit);
        arguments.Append(isOutOfMemory ? [] : commit.Appends);
        arguments.Section(notices, 2, null, notice =>
        {
            arguments._values.Add(notice.Channel);
            arguments._values.Add(notice.Text);
        });
        return [.. arguments._values];
    }

    private void Settle(LedgerCommit commit)
    {
        Section(commit.Confirms, 2, confirm => !IsInIndex(confirm.MessageId, confirm.Sequence), confirm =>
        {
            _values.Add((int)confirm.PacketId.Value);
            _values.Add(Sequence(confirm.Sequence));
        });
        Section(commit.Confirms, 5, confirm => IsInIndex(confirm.MessageId, confirm.Sequence), confirm =>
        {
            _values.Add((int)confirm.PacketId.Value);
            _values.Add(Sequence(confirm.Sequence));
            Id(confirm.MessageId);
            _values.Add(StatusText.Confirmed(confirm.Sequence, confirm.ReasonCode, _at));
        });
        Section(commit.Releases, 2, null, release =>
        {
            _values.Add((int)release.PacketId.Value);
            _values.Add(release.ReleaseOrder);
        });
        Section(commit.DeadLetters, 6, null, dead =>
        {
            _values.Add((int)dead.PacketId.Value);
            _values.Add(Sequence(dead.Sequence));
            Id(dead.MessageId);
            _values.Add(StatusText.Dead(dead.Sequence, dead.Reason.ReasonCode, _at));
            _values.Add(DeadLetterCodec.EncodeHeader(dead.Reason, _at));
        });
    }

    private void Dispatch(LedgerCommit commit)
    {
        Section(commit.Moves, 3, null, move =>
        {
            _values.Add((int)move.PacketId.Value);
            _values.Add((int)move.NewPacketId.Value);
            _values.Add(StateText.Format(move.State));
        });
        Section(commit.Drops, 5, null, drop =>
        {
            _values.Add(Sequence(drop.Sequence));
            Id(drop.MessageId);
            _values.Add(drop.Reason is { } why ? StatusText.Dead(drop.Sequence, why.ReasonCode, _at) : StatusText.Expired(drop.Sequence, _at));
            _values.Add(drop.Reason is { } reason ? DeadLetterCodec.EncodeHeader(reason, _at) : RedisValue.EmptyString);
        });
        Section(commit.Assigns, 2, null, assign =>
        {
            _values.Add(Sequence(assign.Sequence));
            _values.Add((int)assign.PacketId.Value);
        });
    }

    private void Append(IReadOnlyList<AppendOp> appends)
    {
        Section(appends, 2, append => append.PacketId is not null, append =>
        {
            _values.Add((int)append.PacketId!.Value.Value);
            _values.Add(Record(append.Record));
        });
        Section(appends, 1, append => append.PacketId is null, append => _values.Add(Record(append.Record)));
        var index = 0;
        Section(appends, 2, append => ++index > 0 && append.Record.HasApplicationId, append =>
        {
            _values.Add(index);
            _values.Add(append.Record.MessageId.Value);
        });
    }

    /// <summary>The number of values, then those of each item that is chosen.</summary>
    private void Section<T>(IReadOnlyList<T> items, int width, Func<T, bool>? choose, Action<T> add)
    {
        var start = _values.Count;
        _values.Add(0);
        var count = 0;
        for (var i = 0; i < items.Count; i++)
        {
            if (choose is not null && !choose(items[i])) continue;
            add(items[i]);
            count++;
        }

        _values[start] = count * width;
    }

    private void Id(MessageId messageId)
    {
        _values.Add(messageId.Value);
        _values.Add(messageId.TryGetSequence(out var automatic) ? automatic : RedisValue.EmptyString);
    }

    // The index has the ids of the application's, and automatic ones of another sequence: they were replayed.
    public static bool IsInIndex(MessageId messageId, long sequence) => !messageId.TryGetSequence(out var automatic) || automatic != sequence;

    private RedisValue Sequence(long sequence)
    {
        var place = Take(StampedSequence.Size);
        StampedSequence.Write(place.Span, sequence);
        return (ReadOnlyMemory<byte>)place;
    }

    private RedisValue Record(LedgerRecord record)
    {
        var place = Take(RecordCodec.Measure(record));
        RecordCodec.Write(record, place.Span);
        return (ReadOnlyMemory<byte>)place;
    }

    private Memory<byte> Take(int length)
    {
        var taken = _buffer.AsMemory(_used, length);
        _used += length;
        return taken;
    }
}
