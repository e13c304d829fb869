using System.Buffers;
using System.Buffers.Binary;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The arguments of the script commit.lua, which says what they are.</summary>
internal sealed class CommitArguments
{
    private const int Fixed = 10, Sections = 12;

    /// <summary>Bytes of payload from which the script does not look into a record that is confirmed.</summary>
    public const int LargePayload = 1_024;

    private readonly RedisValue[] _values;
    private readonly DateTimeOffset _at;

    // One piece of memory for everything that is binary.
    private readonly byte[] _buffer;
    private readonly Memory<byte> _counts;
    private int _count, _used, _section;

    private CommitArguments(LedgerCommit commit, IReadOnlyList<AppendOp> appends, int notices, DateTimeOffset at)
    {
        _at = at;
        var bytes = (Sections * sizeof(int)) + ((commit.Confirms.Count + commit.DeadLetters.Count + commit.Drops.Count + commit.Assigns.Count) * StampedSequence.Size);
        var count = Fixed + (2 * commit.Releases.Count) + (6 * commit.DeadLetters.Count) + (3 * commit.Moves.Count) + (5 * commit.Drops.Count)
            + (2 * commit.Assigns.Count) + (2 * notices);
        for (var i = 0; i < commit.Confirms.Count; i++)
        {
            var confirm = commit.Confirms[i];
            count += (IsInIndex(confirm.MessageId, confirm.Sequence) ? 5 : 2) + (IsLarge(confirm.Record) ? 2 : 0);
        }

        for (var i = 0; i < appends.Count; i++)
        {
            var append = appends[i];
            bytes = checked(bytes + RecordCodec.Measure(append.Record));
            count += (append.PacketId is null ? 1 : 2) + (append.Record.HasApplicationId ? 2 : 0);
        }

        _values = ArgumentArrays.Rent(count);
        _buffer = ArrayPool<byte>.Shared.Rent(bytes);
        _counts = Take(Sections * sizeof(int));
    }

    /// <summary>In the order of the script; there may be empty ones behind them.</summary>
    public RedisValue[] Values => _values;

    /// <param name="commit">The commit.</param>
    /// <param name="options">The limits.</param>
    /// <param name="isOutOfMemory">The server has refused the appends.</param>
    /// <param name="notices">Channels, and what is to be told there.</param>
    public static CommitArguments Of(LedgerCommit commit, LedgerOpenOptions options, bool isOutOfMemory, IReadOnlyList<(string Channel, string Text)> notices)
    {
        IReadOnlyList<AppendOp> appends = isOutOfMemory ? [] : commit.Appends;
        var arguments = new CommitArguments(commit, appends, notices.Count, commit.At == default ? options.TimeProvider.GetUtcNow() : commit.At);
        arguments.AddLimits(commit, options, isOutOfMemory);
        arguments.Settle(commit);
        arguments.Dispatch(commit);
        arguments.Append(appends);
        var section = arguments.Begin();
        foreach (var (channel, text) in notices)
        {
            arguments.Add(channel);
            arguments.Add(text);
        }

        arguments.End(section);
        arguments.Weigh(commit);
        return arguments;
    }

    /// <summary>Gives the memory to others. Only after the answer to the one call that was made: a copy of a call that had none may still be on its way.</summary>
    public void GiveBack()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        ArgumentArrays.Return(_values);
    }

    private void AddLimits(LedgerCommit commit, LedgerOpenOptions options, bool isOutOfMemory)
    {
        Add(commit.Epoch.Token);
        Add(commit.Operation);
        Add(commit.ExpectedTail);
        Add(commit.LowestUnfinished);
        Add(SessionText.Format(commit.Session));
        Add(options.MaxPending);
        Add(options.MaxPendingBytes);
        Add(options.MaxDeadLetters);
        Add(isOutOfMemory ? 1 : 0);
        Add((ReadOnlyMemory<byte>)_counts);
    }

    private void Settle(LedgerCommit commit)
    {
        Confirm(commit, inIndex: false);
        Confirm(commit, inIndex: true);
        var section = Begin();
        for (var i = 0; i < commit.Releases.Count; i++)
        {
            Add((int)commit.Releases[i].PacketId.Value);
            Add(commit.Releases[i].ReleaseOrder);
        }

        End(section);
        section = Begin();
        foreach (var dead in commit.DeadLetters)
        {
            Add((int)dead.PacketId.Value);
            AddSequence(dead.Sequence);
            AddId(dead.MessageId);
            Add(StatusText.Dead(dead.Sequence, dead.Reason.ReasonCode, _at));
            Add(DeadLetterCodec.EncodeHeader(dead.Reason, _at));
        }

        End(section);
    }

    private void Confirm(LedgerCommit commit, bool inIndex)
    {
        var section = Begin();
        for (var i = 0; i < commit.Confirms.Count; i++)
        {
            var confirm = commit.Confirms[i];
            if (IsInIndex(confirm.MessageId, confirm.Sequence) != inIndex) continue;
            Add((int)confirm.PacketId.Value);
            AddSequence(confirm.Sequence);
            if (!inIndex) continue;
            AddId(confirm.MessageId);
            Add(StatusText.Confirmed(confirm.Sequence, confirm.ReasonCode, _at));
        }

        End(section);
    }

    private void Dispatch(LedgerCommit commit)
    {
        var section = Begin();
        foreach (var move in commit.Moves)
        {
            Add((int)move.PacketId.Value);
            Add((int)move.NewPacketId.Value);
            Add(StateText.Format(move.State));
        }

        End(section);
        section = Begin();
        foreach (var drop in commit.Drops)
        {
            AddSequence(drop.Sequence);
            AddId(drop.MessageId);
            Add(drop.Reason is { } why ? StatusText.Dead(drop.Sequence, why.ReasonCode, _at) : StatusText.Expired(drop.Sequence, _at));
            Add(drop.Reason is { } reason ? DeadLetterCodec.EncodeHeader(reason, _at) : RedisValue.EmptyString);
        }

        End(section);
        section = Begin();
        for (var i = 0; i < commit.Assigns.Count; i++)
        {
            AddSequence(commit.Assigns[i].Sequence);
            Add((int)commit.Assigns[i].PacketId.Value);
        }

        End(section);
    }

    private void Append(IReadOnlyList<AppendOp> appends)
    {
        var section = Begin();
        for (var i = 0; i < appends.Count; i++)
        {
            if (appends[i].PacketId is not { } packetId) continue;
            Add((int)packetId.Value);
            AddRecord(appends[i].Record);
        }

        End(section);
        section = Begin();
        for (var i = 0; i < appends.Count; i++)
            if (appends[i].PacketId is null) AddRecord(appends[i].Record);
        End(section);
        section = Begin();
        for (var i = 0; i < appends.Count; i++)
        {
            if (!appends[i].Record.HasApplicationId) continue;
            Add(i + 1);
            Add(appends[i].Record.MessageId.Value);
        }

        End(section);
    }

    private void Weigh(LedgerCommit commit)
    {
        var section = Begin();
        for (var i = 0; i < commit.Confirms.Count; i++)
        {
            if (commit.Confirms[i].Record is not { } record || !IsLarge(record)) continue;
            Add((int)commit.Confirms[i].PacketId.Value);
            Add(RecordCodec.Measure(record));
        }

        End(section);
    }

    private static bool IsLarge(LedgerRecord? record) => record?.Payload.Length >= LargePayload;

    // Sections are told apart by how many values each has.
    private int Begin() => _count;

    private void End(int section) => BinaryPrimitives.WriteInt32BigEndian(_counts.Span[(sizeof(int) * _section++)..], _count - section);

    private void Add(RedisValue value) => _values[_count++] = value;

    private void AddId(MessageId messageId)
    {
        Add(messageId.Value);
        Add(messageId.TryGetSequence(out var automatic) ? automatic : RedisValue.EmptyString);
    }

    // The index has the ids of the application's, and automatic ones of another sequence: they were replayed.
    public static bool IsInIndex(MessageId messageId, long sequence) => !messageId.TryGetSequence(out var automatic) || automatic != sequence;

    private void AddSequence(long sequence)
    {
        var place = Take(StampedSequence.Size);
        StampedSequence.Write(place.Span, sequence);
        Add((ReadOnlyMemory<byte>)place);
    }

    private void AddRecord(LedgerRecord record)
    {
        var place = Take(RecordCodec.Measure(record));
        RecordCodec.Write(record, place.Span);
        Add((ReadOnlyMemory<byte>)place);
    }

    private Memory<byte> Take(int length)
    {
        var taken = _buffer.AsMemory(_used, length);
        _used += length;
        return taken;
    }
}
