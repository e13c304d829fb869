using System.Security.Cryptography;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Appends from any process.
public sealed partial class RedisAckLedger
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    // How long a call that has certainly stored nothing is repeated before it says so.
    private static readonly TimeSpan AcceptPatience = TimeSpan.FromSeconds(5);

    // A silent acceptor is forgotten after this time: longer than any copy of a call can be under way.
    private static readonly TimeSpan AcceptorLife = TimeSpan.FromHours(24);

    // One call at a time: the operations of an acceptor are numbered, and a repeated one is answered as it was.
    private readonly SemaphoreSlim _accepting = new(1);
    private string? _acceptor;

    // Goes into each record, so that whoever ends it can tell this object.
    private readonly ulong _acceptorName = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;
    private long _acceptOperation;

    /// <inheritdoc />
    /// <remarks>
    /// One <c>EVALSHA</c>, repeated with the same operation number until there is an answer. When the token is cancelled while an answer is outstanding, the messages may be
    /// in the ledger. After a restart of Redis nothing is accepted until an owner has seen that nothing was lost.
    /// </remarks>
    /// <exception cref="LedgerUnavailableException">For five seconds Redis could not be asked; nothing was stored.</exception>
    public override async ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records) CheckRecord(record);
        if (records.Count == 0) return [];

        await _accepting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await AcceptAllAsync(binding, records, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _accepting.Release();
        }
    }

    private async Task<AcceptAnswer[]> AcceptAllAsync(Binding binding, IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
    {
        var messages = new RedisValue[2 * records.Count];
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            messages[2 * i] = RecordCodec.Encode(record with { Sequence = 0, Acceptor = _acceptorName });
            messages[(2 * i) + 1] = record.HasApplicationId ? record.MessageId.Value : RedisValue.EmptyString;
        }

        var begun = binding.Link.Time.GetTimestamp();
        var isUncertain = false;
        try
        {
            while (true)
            {
                var problem = "no owner of this publisher id has looked yet at what a restart of Redis has left";
                Exception? cause = null;
                try
                {
                    if (await TryAcceptAsync(binding, messages, () => isUncertain = true, cancellationToken).ConfigureAwait(false) is { } reply)
                    {
                        isUncertain = false;
                        return Read(reply, records, binding.Nonce);
                    }
                }
                catch (LedgerUnavailableException error) when (RedisLink.IsOutOfMemory(error))
                {
                    return [.. records.Select(record => new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0))];
                }
                catch (LedgerUnavailableException error)
                {
                    isUncertain |= !RedisLink.WasNotRun(error);
                    (problem, cause) = (error.Message, error);
                }

                if (!isUncertain && binding.Link.Time.GetElapsedTime(begun) > AcceptPatience)
                    throw new LedgerUnavailableException($"The ledger could not take the messages, and has not: {problem}", cause);
                await Task.Delay(AcceptPause, binding.Link.Time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // Nobody waits for this answer any more: no copy of the call must come through after what the next one does.
            if (isUncertain) await AbandonAcceptorAsync(binding).ConfigureAwait(false);
        }
    }

    /// <summary>One attempt. Null when there is no answer to be had now.</summary>
    private async Task<RedisValue[]?> TryAcceptAsync(Binding binding, RedisValue[] messages, Action onUncertain, CancellationToken cancellationToken)
    {
        var keys = binding.Keys;
        var acceptor = _acceptor ?? await RegisterAsync(binding, cancellationToken).ConfigureAwait(false);
        RedisValue[] head =
        [
            _acceptOperation + 1, binding.NonceText, binding.Options.MaxPending, binding.Options.MaxPendingBytes, Milliseconds(AcceptorLife), (string)keys.Wake!,
        ];
        var call = binding.Link.TryRunAsync(
            RedisScript.Accept, [keys.Header, keys.Inflight, keys.Backlog, keys.Acceptor(acceptor), keys.Ids, keys.Done0, keys.Done1], [.. head, .. messages], cancellationToken);
        RedisValue[] reply;
        try
        {
            reply = (RedisValue[])(await call.ConfigureAwait(false))!;
        }
        catch (OperationCanceledException)
        {
            onUncertain();
            throw;
        }

        switch ((string)reply[0]!)
        {
            case "ACCEPTED":
                _acceptOperation++;
                return reply;
            case "NONCE":
                await CreateAsync(binding, cancellationToken).ConfigureAwait(false);
                return null;
            case "UNVERIFIED":
                if (_held.Token.Length > 0) await AttachAsync(binding, _held.Epoch, cancellationToken).ConfigureAwait(false);
                RaiseLossSuspected();
                return null;
            case "MISSING":
                await CreateAbandonedAsync(binding, cancellationToken).ConfigureAwait(false);
                RaiseLossSuspected();
                return null;
            default:
                // Forgotten after a long silence, or lost with the writes of a server that went back in time.
                _acceptor = null;
                return null;
        }
    }

    private async Task<string> RegisterAsync(Binding binding, CancellationToken cancellationToken)
    {
        var nonce = NewNonce(16);
        await binding.Link.TryRunAsync(RedisScript.Register, [binding.Keys.Acceptor(nonce)], [Milliseconds(AcceptorLife)], cancellationToken).ConfigureAwait(false);
        (_acceptor, _acceptOperation) = (nonce, 0);
        return nonce;
    }

    private async Task AbandonAcceptorAsync(Binding binding)
    {
        if (_acceptor is not { } acceptor) return;
        _acceptor = null;
        await binding.Link.TryDeleteAsync(binding.Keys.Acceptor(acceptor)).ConfigureAwait(false);
    }

    private static AcceptAnswer[] Read(RedisValue[] reply, IReadOnlyList<LedgerRecord> records, ulong nonce)
    {
        var answers = new AcceptAnswer[records.Count];
        var (sequence, left, next) = ((long)reply[1], (int)reply[2], 3);
        for (var i = 0; i < answers.Length; i++)
        {
            var id = records[i].MessageId;
            if (next < reply.Length && (int)reply[next] == i + 1)
            {
                answers[i] = new AcceptAnswer(AcceptStatus.Known, id, 0, StatusText.Parse(id, (string)reply[next + 1]!));
                next += 2;
            }
            else if (left-- > 0)
            {
                answers[i] = new AcceptAnswer(AcceptStatus.Accepted, id.IsEmpty ? MessageId.ForSequence(nonce, sequence) : id, sequence);
                sequence++;
            }
            else
                answers[i] = new AcceptAnswer(AcceptStatus.Full, id, 0);
        }

        return answers;
    }

    private static void CheckRecord(LedgerRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.QualityOfService is not (MqttQualityOfServiceLevel.AtLeastOnce or MqttQualityOfServiceLevel.ExactlyOnce))
            throw new ArgumentException($"A ledger keeps QoS 1 and 2, not {record.QualityOfService}.", nameof(record));
        if (record.MessageId.IsAutomatic)
            throw new ArgumentException($"'{record.MessageId}' is an automatic id: only the ledger gives those out.", nameof(record));
    }
}
