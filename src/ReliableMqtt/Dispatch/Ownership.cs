using Microsoft.Extensions.Logging;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

/// <summary>Holds the lease of the publisher id: asks for it, starts a session from what the ledger holds, renews it, and starts anew when it is lost.</summary>
internal sealed class Ownership(
    string publisherId, AckLedger ledger, PublisherPump pump, SessionSettings settings, TimeSpan leaseDuration, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private volatile TaskCompletionSource<CommitStatus> _disobeyed = NewSignal();
    private volatile TaskCompletionSource<CommitStatus> _changed = NewSignal();

    /// <summary>Told when this process begins to own the publisher id, and when it no longer does.</summary>
    public Action<bool>? Changed { get; set; }

    /// <summary>True while this process dispatches.</summary>
    public bool IsOwner { get; private set; }

    /// <summary>Runs until cancelled, and then gives the lease back.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        pump.Disobeyed = status => _disobeyed.TrySetResult(status);
        ledger.Changed += OnLedgerChanged;
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    await OwnOnceAsync(stopping).ConfigureAwait(false);
                }
                catch (LedgerFencedException)
                {
                    // Somebody was quicker between two calls: ask again.
                }
                catch (LedgerUnavailableException error)
                {
                    Log.LeaseUnavailable(logger, publisherId, error);
                    await Task.Delay(AskAgain, time, stopping).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // Whatever it is: without an owner nothing is sent, so there must be another try.
                catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    Log.PumpFailed(logger, error);
                    await Task.Delay(AskAgain, time, stopping).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end.
        }
        finally
        {
            ledger.Changed -= OnLedgerChanged;
        }
    }

    private async Task OwnOnceAsync(CancellationToken stopping)
    {
        var grant = await ledger.AcquireAsync(stopping).ConfigureAwait(false);
        if (grant.Epoch is not { } epoch)
        {
            await WaitAsync(_changed.Task, grant.RetryAfter > TimeSpan.Zero ? grant.RetryAfter : AskAgain, stopping).ConfigureAwait(false);
            return;
        }

        try
        {
            _disobeyed = NewSignal();
            var recovered = await ledger.RecoverAsync(epoch, stopping).ConfigureAwait(false);
            Log.Owned(logger, publisherId, recovered.InFlight.Count, recovered.BacklogCount);
            // Only then may there be a connection: until the pump has the session, it would ask the broker to forget what is in flight.
            await pump.OwnAsync(new PublishSession(settings, epoch, recovered)).WaitAsync(stopping).ConfigureAwait(false);
            SetOwner(true);
            await HoldAsync(epoch, stopping).ConfigureAwait(false);
        }
        finally
        {
            if (stopping.IsCancellationRequested)
            {
                // The publisher ends the rest in its own order.
                IsOwner = false;
                Epoch = epoch;
            }
            else
            {
                pump.Post(new(PumpInputKind.Disowned));
                SetOwner(false);
            }
        }
    }

    /// <summary>The epoch that was held when the run ended: to be released after the pump has stopped, since it may still be committing.</summary>
    public LedgerEpoch? Epoch { get; private set; }

    private async Task HoldAsync(LedgerEpoch epoch, CancellationToken stopping)
    {
        while (true)
        {
            await WaitAsync(Task.WhenAny(_disobeyed.Task, _changed.Task), leaseDuration / 3, stopping).ConfigureAwait(false);
            if (_disobeyed.Task.IsCompletedSuccessfully)
            {
                Log.Disowned(logger, publisherId, _disobeyed.Task.Result);
                await Task.Delay(AskAgain, time, stopping).ConfigureAwait(false);
                return;
            }

            if (_changed.Task.IsCompleted) _changed = NewSignal();
            try
            {
                if (!await ledger.RenewAsync(epoch, stopping).ConfigureAwait(false))
                {
                    Log.Disowned(logger, publisherId, CommitStatus.Fenced);
                    return;
                }

                var statistics = await ledger.GetStatisticsAsync(stopping).ConfigureAwait(false);
                pump.Post(new(PumpInputKind.BacklogCount) { Subject = statistics.Backlog });
            }
            catch (LedgerUnavailableException error)
            {
                // The token fences, not the clock: as long as nobody else has acquired it, this process owns it.
                Log.LeaseUnavailable(logger, publisherId, error);
            }
        }
    }

    private async Task WaitAsync(Task signal, TimeSpan atMost, CancellationToken stopping)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(signal, Task.Delay(atMost, time, both.Token)).ConfigureAwait(false);
        await both.CancelAsync().ConfigureAwait(false);
        stopping.ThrowIfCancellationRequested();
    }

    private void SetOwner(bool isOwner)
    {
        if (IsOwner == isOwner) return;
        IsOwner = isOwner;
        Changed?.Invoke(isOwner);
    }

    private void OnLedgerChanged() => _changed.TrySetResult(default);

    private static TaskCompletionSource<CommitStatus> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
