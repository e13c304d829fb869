using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The arguments of the script restore.lua, which says what they are, and of the calls of stage.lua before it.</summary>
internal sealed class RestoreArguments
{
    // On a slow line a call must get through before it is given up and repeated.
    private const int StagedBytesAtOnce = 512 * 1024;

    private readonly List<RedisValue> _values;
    private readonly List<(RedisValue Name, byte[] Bytes)> _records = [];

    private RestoreArguments(LedgerRestore restore, RedisKeys keys, LedgerOpenOptions options, string schema, string unread)
    {
        _values =
        [
            restore.Epoch.Token, restore.Epoch.Previous ?? "", restore.Operation, restore.LedgerNonce.ToString("x16", CultureInfo.InvariantCulture), schema, restore.Tail,
            restore.BacklogUpTo, restore.LowestUnfinished, SessionText.Format(restore.Session), (long)options.LeaseDuration.TotalMilliseconds,
            OwnerDescription.Current.ToString(), restore.ForgottenUpTo, unread, (string)keys.Wake!,
            (long)RedisAckLedger.AcceptorLife.TotalMilliseconds,
        ];
    }

    /// <summary>For restore.lua.</summary>
    public RedisValue[] Values => [.. _values];

    /// <summary>Makes them; <paramref name="unread"/> are ranges that are unknown for the sake of records that could not be read.</summary>
    public static RestoreArguments Of(LedgerRestore restore, RedisKeys keys, LedgerOpenOptions options, string schema, string unread)
    {
        var arguments = new RestoreArguments(restore, keys, options, schema, unread);
        arguments.Pending(restore);
        arguments.Ended(restore);
        arguments.Section(restore.Known, range => [range.First, range.Last]);
        arguments.Section(restore.Taken, run => [RedisKeys.NameOf(run.Acceptor), run.FirstNumber, run.FirstSequence, run.Count]);
        return arguments;
    }

    /// <summary>For one call of stage.lua after the other.</summary>
    public IEnumerable<RedisValue[]> Staged(long keepMilliseconds)
    {
        var (values, bytes) = (new List<RedisValue> { keepMilliseconds }, 0);
        foreach (var (name, record) in _records)
        {
            values.Add(name);
            values.Add(record);
            if ((bytes += record.Length) < StagedBytesAtOnce && values.Count < 2_000) continue;
            yield return [.. values];
            (values, bytes) = ([keepMilliseconds], 0);
        }

        if (values.Count > 1) yield return [.. values];
    }

    private void Pending(LedgerRestore restore)
    {
        Section(restore.InFlight, entry =>
        {
            Stage(entry.Record.Sequence, RecordCodec.Encode(entry.Record));
            return [entry.Record.Sequence, (int)entry.PacketId.Value, IsPlain(entry) ? RedisValue.EmptyString : StateText.Format(entry.State)];
        });
        Section(restore.Backlog, record =>
        {
            Stage(record.Sequence, RecordCodec.Encode(record));
            return [record.Sequence];
        });
        var pending = restore.InFlight.Select(entry => entry.Record).Concat(restore.Backlog);
        Section([.. pending.Where(record => CommitArguments.IsInIndex(record.MessageId, record.Sequence))], record => [record.MessageId.Value, record.Sequence]);
    }

    private void Ended(LedgerRestore restore)
    {
        Section(restore.DeadLetters, letter =>
        {
            var record = letter.Record;
            Stage($"d{record.Sequence.ToString(CultureInfo.InvariantCulture)}", [.. DeadLetterCodec.EncodeHeader(letter.Reason, letter.FailedAt), .. RecordCodec.Encode(record)]);
            return [record.Sequence, record.MessageId.Value, Automatic(record.MessageId), StatusText.Dead(record.Sequence, letter.Reason.ReasonCode, letter.FailedAt)];
        });
        Section(restore.Finished, answer =>
        {
            var at = answer.FinishedAt ?? DateTimeOffset.UnixEpoch;
            var status = answer.Status == LedgerStatus.Confirmed
                ? StatusText.Confirmed(answer.Sequence, answer.ReasonCode ?? 0, at) : StatusText.Expired(answer.Sequence, at);
            return [answer.Sequence, answer.MessageId.Value, Automatic(answer.MessageId), status];
        });
        Section(restore.Unconfirmed, sequence => [sequence]);
    }

    /// <summary>The number of values, then those of each item.</summary>
    private void Section<T>(IReadOnlyList<T> items, Func<T, RedisValue[]> values)
    {
        var start = _values.Count;
        _values.Add(0);
        foreach (var item in items) _values.AddRange(values(item));
        _values[start] = _values.Count - start - 1;
    }

    private void Stage(RedisValue name, byte[] bytes) => _records.Add((name, bytes));

    private static RedisValue Automatic(MessageId messageId) => messageId.TryGetSequence(out var automatic) ? automatic : RedisValue.EmptyString;

    // Sent, in the order of its sequence: that is what an entry without a state means.
    private static bool IsPlain(InflightEntry entry) => entry.State == new InflightState(InflightStage.Sent, new SendOrder(entry.Record.Sequence));
}
