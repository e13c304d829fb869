using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Deduplication;

// One run of the handler under a claim, and what it says to the store.
public sealed partial class MessageDeduplicator
{
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(1);

    private enum RunEnd
    {
        Marked,
        ClaimLost,
        StoreUnavailable,
        Failed,
    }

    private async Task<RunEnd> RunAsync(DeduplicationKey key, string token, int attempt, Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        using var running = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var over = new CancellationTokenSource();
        var lost = RenewAsync(key, token, running, over.Token);
        Exception? failure = null;
        MarkStatus? mark = null;
        try
        {
            await work(running.Token).ConfigureAwait(false);
            // The effect is there: the mark is asked for even when the claim is said to be lost, since only the store knows.
            mark = await AskAsync(() => _store.MarkProcessedAsync(key, token, cancel), cancel).ConfigureAwait(false);
        }
        catch (ClaimLostException)
        {
            // Its transaction has written nothing.
        }
#pragma warning disable CA1031 // A handler's error is the application's.
        catch (Exception error)
#pragma warning restore CA1031
        {
            failure = error;
        }

        await over.CancelAsync().ConfigureAwait(false);
        var wasLost = await lost.ConfigureAwait(false);
        if (mark == MarkStatus.Marked) return RunEnd.Marked;
        if (failure is not null) await ReleaseAsync(key, token).ConfigureAwait(false);
        if (failure is not null && cancel.IsCancellationRequested) throw new OperationCanceledException("The wait for the handler was cancelled.", failure, cancel);
        if (failure is StoreUnavailableException unavailable && !wasLost)
        {
            Tell(unavailable);
            return RunEnd.StoreUnavailable;
        }

        if (failure is not null && !wasLost)
        {
            Log.MessageHandlerFailed(_logger, key.ToString(), attempt, _options.MaxAttempts, failure);
            return RunEnd.Failed;
        }

        if (mark is null && !wasLost) return RunEnd.ClaimLost;
        Interlocked.Increment(ref _claimsLost);
        Log.ClaimLost(_logger, key.ToString());
        return RunEnd.ClaimLost;
    }

    /// <summary>Prolongs the claim until it is over. True when another one had the message: then the handler was cancelled.</summary>
    private async Task<bool> RenewAsync(DeduplicationKey key, string token, CancellationTokenSource running, CancellationToken over)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_options.ClaimTimeout / 3, _options.TimeProvider, over).ConfigureAwait(false);
                var claim = await AskAsync(() => _store.ClaimAsync(key, token, _options.ClaimTimeout, over), over).ConfigureAwait(false);
                if (claim.Status == ClaimStatus.Claimed) continue;
                // Processed may mean by this handler itself, in a transaction, and then there is nothing to cancel.
                if (claim.Status == ClaimStatus.AlreadyProcessed) return false;
                await running.CancelAsync().ConfigureAwait(false);
                return true;
            }
        }
#pragma warning disable CA1031 // Whatever it is, the mark will tell.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    private async Task ReleaseAsync(DeduplicationKey key, string token)
    {
        using var limit = new CancellationTokenSource(ReleaseLimit, _options.TimeProvider);
        try
        {
            await _store.ReleaseAsync(key, token, limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            // It runs out by itself.
        }
    }

    /// <summary>Asks the store until it answers: what an answer guards is not done without one.</summary>
    private async Task<T> AskAsync<T>(Func<ValueTask<T>> question, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return await question().ConfigureAwait(false);
            }
            catch (StoreUnavailableException error)
            {
                Tell(error);
            }

            await Task.Delay(StoreWait(attempt), _options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Tell(StoreUnavailableException error)
    {
        if (_storeLines.TryPass(out var others)) Log.StoreUnavailable(_logger, _store.Kind, others, error);
    }

    // A claim must not run out because a store that is back is not asked.
    private TimeSpan StoreWait(int attempt)
    {
        var wait = Wait(attempt);
        return wait < _options.ClaimTimeout / 3 ? wait : _options.ClaimTimeout / 3;
    }
}
