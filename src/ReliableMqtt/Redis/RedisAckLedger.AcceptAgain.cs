using ReliableMqtt.Ledger;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Redis;

// What this object has had accepted lately, and the store may lose: it looks from time to time, and has it accepted again.
public sealed partial class RedisAckLedger
{
    private const int AgainAtOnce = 500;
    private const long AgainBytesAtOnce = 4 << 20;

    private readonly KeptAccepts _kept = new();
    private readonly Queue<KeptAccept> _again = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly object _settlingGate = new();
    private Task _settling = Task.CompletedTask;
    private bool _looks;

    /// <summary>The call that has the head of the queue, as long as it has no answer: it must be repeated as it is.</summary>
    private AcceptCall? _againNow;

    // The last life of the ledger in which nothing that is kept was lost.
    private ulong _lifeOf;
    private string _life = "";

    /// <summary>Since the store was asked last, sequences in these ranges may have been lost.</summary>
    private void LearnLife(ulong nonce, string life, IReadOnlyList<SequenceRange> lost)
    {
        (_lifeOf, _life, _againNow) = (nonce, life, null);
        var unsettled = _again.ToHashSet();
        _again.Clear();
        foreach (var kept in _kept.Lost(lost, unsettled)) _again.Enqueue(kept);
    }

    private void Keep(Binding binding, AcceptCall call, AcceptAnswer[] answers)
    {
        var now = binding.Link.Time.GetUtcNow();
        _kept.Trim(now);
        _lifeOf = binding.Nonce;
        for (var i = 0; i < answers.Length; i++)
            if (answers[i].Status == AcceptStatus.Accepted) _kept.Add(call.Records[i] with { MessageId = answers[i].MessageId, Sequence = answers[i].Sequence }, now);
        if (_looks || _kept.IsEmpty) return;
        _looks = true;
        _ = LookAsync(binding);
    }

    /// <summary>As long as something is kept: whoever accepts nothing more would not notice otherwise.</summary>
    private async Task LookAsync(Binding binding)
    {
        try
        {
            while (true)
            {
                await Task.Delay(KeptAccepts.Time, binding.Link.Time, _closing.Token).ConfigureAwait(false);
                await SettledAsync(binding, Timeout.InfiniteTimeSpan, _closing.Token).ConfigureAwait(false);
                await _accepting.WaitAsync(_closing.Token).ConfigureAwait(false);
                _looks = !_kept.IsEmpty;
                _accepting.Release();
                if (!_looks) return;
            }
        }
        catch (OperationCanceledException)
        {
            // Closed.
        }
    }

    /// <summary>There is a reason to look now.</summary>
    private void Look()
    {
        if (_binding is not { } binding || _kept.IsEmpty || _disposed) return;
        _ = SettledAsync(binding, Timeout.InfiniteTimeSpan, _closing.Token);
    }

    /// <summary>Completes when the store has said that it has all that is kept here, and what it had lost has been accepted again.</summary>
    private async Task SettledAsync(Binding binding, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task settling;
        lock (_settlingGate)
        {
            if (_settling.IsCompleted) _settling = Task.Run(() => SettleAsync(binding), CancellationToken.None);
            settling = _settling;
        }

        try
        {
            await settling.WaitAsync(patience, binding.Link.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new LedgerUnavailableException("What the ledger has lost is to be written again first, and it does not answer. Nothing was stored.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(RedisAckLedger));
        }
    }

    /// <summary>It does not give up: this process may be the only one that still has these messages.</summary>
    private async Task SettleAsync(Binding binding)
    {
        var stop = _closing.Token;
        await _accepting.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            while (true)
            {
                try
                {
                    if (await TrySettleAsync(binding, stop).ConfigureAwait(false)) return;
                }
                catch (LedgerUnavailableException)
                {
                    // It is asked again.
                }

                await Task.Delay(AcceptPause, binding.Link.Time, stop).ConfigureAwait(false);
            }
        }
        finally
        {
            _accepting.Release();
        }
    }

    private async Task<bool> TrySettleAsync(Binding binding, CancellationToken cancellationToken)
    {
        var sent = 0;
        while (true)
        {
            _againNow ??= AcceptCall.Again(NextAgain());
            var (call, isQuestion) = (_againNow, _again.Count == 0);
            if (await TryAcceptAsync(binding, call, cancellationToken).ConfigureAwait(false) is not { } reply)
            {
                // A new life, mostly: there may be something to do at once.
                if (_again.Count > 0) continue;
                if (isQuestion) _againNow = null;
                return false;
            }

            _againNow = null;
            if (isQuestion)
            {
                _kept.Trim(binding.Link.Time.GetUtcNow());
                if (sent > 0) Log.AcceptedAgain(binding.Logger, binding.Options.PublisherId, sent);
                return true;
            }

            var answers = call.Read(reply, binding.Nonce);
            for (var i = 0; i < answers.Length; i++)
            {
                var kept = _again.Dequeue();
                kept.Found(answers[i].MessageId, answers[i].Existing?.Sequence ?? answers[i].Sequence);
                if (answers[i].Existing is null) sent++;
            }
        }
    }

    private List<KeptAccept> NextAgain()
    {
        var (next, bytes) = (new List<KeptAccept>(), 0L);
        foreach (var kept in _again)
        {
            if (next.Count == AgainAtOnce || ((bytes += kept.Record.Size) > AgainBytesAtOnce && next.Count > 0)) break;
            next.Add(kept);
        }

        return next;
    }

    /// <summary>True when one of them is unknown to the store, and this object can have it accepted again: then the store is to be asked once more.</summary>
    private async Task<bool> FoundAgainAsync(Binding binding, IReadOnlyList<StatusAnswer> answers, CancellationToken cancellationToken)
    {
        var unknown = answers.Where(answer => answer.Status == LedgerStatus.Unknown).Select(answer => answer.MessageId).ToHashSet();
        if (unknown.Count == 0 || _kept.IsEmpty) return false;
        await _accepting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_kept.HasAny(unknown)) return false;
        }
        finally
        {
            _accepting.Release();
        }

        await SettledAsync(binding, AcceptPatience, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
