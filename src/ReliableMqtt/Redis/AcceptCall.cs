using System.Globalization;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

/// <summary>The messages of one call of accept.lua, the same bytes however often it is repeated, and what its answer says.</summary>
internal sealed class AcceptCall
{
    private AcceptCall(IReadOnlyList<LedgerRecord> records)
    {
        Records = records;
        Messages = new RedisValue[3 * records.Count];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            // The script stamps the sequence. An automatic id that is there already belongs to another one: then it is written out, and the index has it.
            Messages[3 * i] = RecordCodec.Encode(record with { Sequence = record.MessageId.IsAutomatic ? long.MaxValue : 0 });
            Messages[(3 * i) + 1] = record.MessageId.IsEmpty ? RedisValue.EmptyString : record.MessageId.Value;
            Messages[(3 * i) + 2] = record.AcceptorNumber;
        }
    }

    /// <summary>New messages.</summary>
    public AcceptCall(IReadOnlyList<LedgerRecord> records, ulong acceptor, long firstNumber)
        : this([.. records.Select((record, i) => record with { Acceptor = acceptor, AcceptorNumber = firstNumber + i })]) { }

    /// <summary>Messages that were accepted before, or none: that asks whether something was lost.</summary>
    public static AcceptCall Again(IReadOnlyList<KeptAccept> kept) => new([.. kept.Select(one => one.Record)]) { IsAgain = true, Kept = kept };

    /// <summary>With their names.</summary>
    public IReadOnlyList<LedgerRecord> Records { get; }

    /// <summary>As accept.lua wants them.</summary>
    public RedisValue[] Messages { get; }

    /// <summary>They were accepted before: no limit keeps them out.</summary>
    public bool IsAgain { get; private init; }

    public IReadOnlyList<KeptAccept> Kept { get; private init; } = [];

    /// <summary>An attempt has had no answer, and may have stored them.</summary>
    public bool IsUncertain { get; set; }

    public AcceptAnswer[] Read(RedisValue[] reply, ulong nonce)
    {
        var answers = new AcceptAnswer[Records.Count];
        var (sequence, left, next) = ((long)reply[1], (int)reply[2], 3);
        for (var i = 0; i < answers.Length; i++)
        {
            var id = Records[i].MessageId;
            if (next < reply.Length && (int)reply[next] == i + 1)
            {
                answers[i] = Known(id, (string)reply[next + 1]!, nonce);
                next += 2;
            }
            else if (left-- > 0)
                answers[i] = Accepted(id, sequence++, nonce);
            else
                answers[i] = new AcceptAnswer(AcceptStatus.Full, id, 0);
        }

        return answers;
    }

    private static AcceptAnswer Known(MessageId id, string status, ulong nonce)
    {
        // This very message: an attempt without an answer had stored it, and an owner had it before it was lost.
        if (status.StartsWith("T ", StringComparison.Ordinal)) return Accepted(id, long.Parse(status.AsSpan(2), CultureInfo.InvariantCulture), nonce);
        var answer = StatusText.Parse(id, status);
        return new AcceptAnswer(AcceptStatus.Known, id, 0, answer);
    }

    private static AcceptAnswer Accepted(MessageId id, long sequence, ulong nonce) =>
        new(AcceptStatus.Accepted, id.IsEmpty ? MessageId.ForSequence(nonce, sequence) : id, sequence);
}
