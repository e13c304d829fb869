using System.Security.Cryptography;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Appends from any process.
public sealed partial class RedisAckLedger
{
    // A silent acceptor is forgotten after this time: longer than any copy of a call can be under way.
    internal static readonly TimeSpan AcceptorLife = TimeSpan.FromHours(24);

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    // How long a call that has certainly stored nothing is repeated before it says so.
    private static readonly TimeSpan AcceptPatience = TimeSpan.FromSeconds(5);

    // One call at a time: the operations of an acceptor are numbered, and a repeated one is answered as it was. It guards all that accepting needs.
    private readonly SemaphoreSlim _accepting = new(1);
    private string? _acceptor;

    // Goes into each record, so that whoever ends it can tell this object.
    private readonly ulong _acceptorName = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;
    private long _acceptOperation;

    /// <inheritdoc />
    /// <remarks>
    /// One <c>EVALSHA</c>, repeated with the same operation number until there is an answer. When the token is cancelled while an answer is outstanding, the messages may be
    /// in the ledger. After a restart of Redis nothing is accepted until an owner has seen what was lost. What was accepted is kept here for five seconds, 32 MiB at most, and is
    /// accepted again, under its own message id, when Redis has lost it.
    /// </remarks>
    /// <exception cref="LedgerUnavailableException">For five seconds Redis could not be asked; nothing was stored.</exception>
    public override async ValueTask<IReadOnlyList<AcceptAnswer>> AcceptAsync(IReadOnlyList<LedgerRecord> records, CancellationToken cancellationToken)
    {
        var binding = Bound(cancellationToken);
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records) CheckRecord(record);
        if (records.Count == 0) return [];

        AcceptCall? call = null;
        while (true)
        {
            if (!await _accepting.WaitAsync(call?.IsUncertain == true ? Timeout.InfiniteTimeSpan : AcceptPatience, cancellationToken).ConfigureAwait(false))
                throw new LedgerUnavailableException("The ledger could not take the messages, and has not: what it has lost is to be written again first.");
            try
            {
                call ??= new AcceptCall(records, _acceptorName, _kept.TakeNumbers(records.Count));
                if (_again.Count == 0 && await AcceptAllAsync(binding, call, cancellationToken).ConfigureAwait(false) is { } answers) return answers;
            }
            catch when (call?.IsUncertain == true)
            {
                // Nobody waits for this answer any more: no copy of the call must come through after what the next one does.
                await AbandonAcceptorAsync(binding).ConfigureAwait(false);
                throw;
            }
            finally
            {
                _accepting.Release();
            }

            // New messages do not overtake those that are to be accepted again.
            await SettledAsync(binding, call.IsUncertain ? Timeout.InfiniteTimeSpan : AcceptPatience, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Null: something else must be accepted again first.</summary>
    private async Task<AcceptAnswer[]?> AcceptAllAsync(Binding binding, AcceptCall call, CancellationToken cancellationToken)
    {
        var begun = binding.Link.Time.GetTimestamp();
        while (true)
        {
            var problem = "no owner of this publisher id has looked yet at what a restart of Redis has left";
            Exception? cause = null;
            try
            {
                var life = _life;
                if (await TryAcceptAsync(binding, call, cancellationToken).ConfigureAwait(false) is { } reply)
                {
                    var answers = call.Read(reply, binding.Nonce);
                    Keep(binding, call, answers);
                    return answers;
                }

                if (_again.Count > 0) return null;
                if (_life != life) continue;
            }
            catch (LedgerUnavailableException error) when (RedisLink.IsOutOfMemory(error) && !call.IsUncertain)
            {
                return [.. call.Records.Select(record => new AcceptAnswer(AcceptStatus.Full, record.MessageId, 0))];
            }
            catch (LedgerUnavailableException error)
            {
                (problem, cause) = (error.Message, error);
            }

            if (!call.IsUncertain && binding.Link.Time.GetElapsedTime(begun) > AcceptPatience)
                throw new LedgerUnavailableException($"The ledger could not take the messages, and has not: {problem}", cause);
            await Task.Delay(AcceptPause, binding.Link.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One attempt. Null when there is no answer to be had now.</summary>
    private async Task<RedisValue[]?> TryAcceptAsync(Binding binding, AcceptCall call, CancellationToken cancellationToken)
    {
        // What another ledger had accepted this one has never had.
        if (_lifeOf != binding.Nonce && !_kept.IsEmpty)
        {
            _kept.LoseAll();
            LearnLife(binding.Nonce, "", []);
            return null;
        }

        var keys = binding.Keys;
        var acceptor = _acceptor ?? await RegisterAsync(binding, cancellationToken).ConfigureAwait(false);
        var (most, mostBytes) = call.IsAgain ? (int.MaxValue, long.MaxValue >> 11) : (binding.Options.MaxPending, binding.Options.MaxPendingBytes);
        RedisValue[] head =
        [
            _acceptOperation + 1, binding.NonceText, most, mostBytes, Milliseconds(AcceptorLife), (string)keys.Wake!, _life, RedisKeys.NameOf(_acceptorName),
        ];
        RedisValue[] reply;
        try
        {
            reply = (RedisValue[])(await binding.Link.TryRunAsync(
                RedisScript.Accept, [keys.Header, keys.Inflight, keys.Backlog, keys.Acceptor(acceptor), keys.Ids, keys.Done0, keys.Done1, keys.Taken, keys.Never], [.. head, .. call.Messages],
                cancellationToken).ConfigureAwait(false))!;
        }
        catch (OperationCanceledException)
        {
            call.IsUncertain = true;
            throw;
        }
        catch (LedgerUnavailableException error)
        {
            call.IsUncertain |= !RedisLink.WasNotRun(error);
            throw;
        }

        switch ((string)reply[0]!)
        {
            case "ACCEPTED":
                if (call.Messages.Length > 0) _acceptOperation++;
                return reply;
            case "LIFE":
                LearnLife(binding.Nonce, (string?)reply[1] ?? "", SequenceRanges.Parse((string?)reply[2] ?? ""));
                return null;
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
                (_acceptor, _againNow) = (null, null);
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

    private static void CheckRecord(LedgerRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record.QualityOfService is not (MqttQualityOfServiceLevel.AtLeastOnce or MqttQualityOfServiceLevel.ExactlyOnce))
            throw new ArgumentException($"A ledger keeps QoS 1 and 2, not {record.QualityOfService}.", nameof(record));
        if (record.MessageId.IsAutomatic)
            throw new ArgumentException($"'{record.MessageId}' is an automatic id: only the ledger gives those out.", nameof(record));
    }
}
