using Microsoft.Extensions.Logging;
using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

/// <summary>
/// Holds the lease of the publisher id: asks for it, starts a session from what the ledger holds, renews it, and starts anew when it is lost. While another process
/// has it, this one is a standby: it accepts, and asks again.
/// </summary>
internal sealed partial class Ownership(
    string publisherId, AckLedger ledger, PublisherPump pump, SessionSettings settings, TimeSpan leaseDuration, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private volatile TaskCompletionSource<CommitStatus> _disobeyed = pump.NewSignal<CommitStatus>();
    private volatile TaskCompletionSource<LedgerChange> _changed = pump.NewSignal<LedgerChange>();
    private bool _isStandby;
    private long _countedAt;

    /// <summary>Told when this process begins to own the publisher id, and when it no longer does.</summary>
    public Action<bool>? Changed { get; set; }

    /// <summary>Never asks for the lease: what is published here is sent by other processes.</summary>
    public bool AcceptOnly { get; init; }

    /// <summary>True while this process dispatches.</summary>
    public bool IsOwner { get; private set; }

    /// <summary>Runs until cancelled; the lease is kept then, and <see cref="Epoch"/> says which.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        pump.Disobeyed = status => _disobeyed.TrySetResult(status);
        ledger.Changed += OnLedgerChanged;
        ledger.Finished += OnFinished;
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                try
                {
                    await (AcceptOnly ? StandByAsync("another process", AskAgain, stopping) : OwnOnceAsync(stopping)).ConfigureAwait(false);
                }
                catch (LedgerFencedException)
                {
                    // Somebody was quicker between two calls: ask again.
                }
                catch (LedgerUnavailableException error)
                {
                    pump.IsLedgerSilent = true;
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
            ledger.Finished -= OnFinished;
        }
    }

    private async Task OwnOnceAsync(CancellationToken stopping)
    {
        var grant = await ledger.AcquireAsync(stopping).ConfigureAwait(false);
        pump.IsLedgerSilent = false;
        if (grant.Epoch is not { } epoch)
        {
            // A dead owner on this machine is seen only when it is looked for: so not later than in a second.
            var wait = grant.RetryAfter > TimeSpan.Zero && grant.RetryAfter < AskAgain ? grant.RetryAfter : AskAgain;
            await StandByAsync(grant.Holder ?? "another process", wait, stopping).ConfigureAwait(false);
            return;
        }

        try
        {
            _isStandby = false;
            _disobeyed = pump.NewSignal<CommitStatus>();
            Renewed(epoch);
            var recovered = await ledger.RecoverAsync(epoch, stopping).ConfigureAwait(false);
            Log.Owned(logger, publisherId, recovered.InFlight.Count, recovered.BacklogCount);
            // Only then may there be a connection: until the pump has the session, it would ask the broker to forget what is in flight.
            await pump.OwnAsync(new PublishSession(settings, epoch, recovered)).WaitAsync(stopping).ConfigureAwait(false);
            SetOwner(true);
            await HoldAsync(epoch, stopping).ConfigureAwait(false);
        }
        finally
        {
            _held = null;
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

    /// <summary>Waits for a while, or until the lease is given back.</summary>
    private async Task StandByAsync(string holder, TimeSpan wait, CancellationToken stopping)
    {
        pump.Post(new(PumpInputKind.Standby));
        if (!_isStandby) Log.Standby(logger, publisherId, holder);
        _isStandby = true;
        if (_countedAt == 0 || time.GetElapsedTime(_countedAt) > leaseDuration / 3)
        {
            _countedAt = time.GetTimestamp();
            pump.Post(new(PumpInputKind.Counted) { Subject = await ledger.GetStatisticsAsync(stopping).ConfigureAwait(false) });
            pump.IsLedgerSilent = false;
        }

        await WaitAsync(_changed.Task, wait, stopping).ConfigureAwait(false);
        if (_changed.Task.IsCompleted) _changed = pump.NewSignal<LedgerChange>();
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
                var why = _disobeyed.Task.Result;
                Log.Disowned(logger, publisherId, why);
                // Whoever is fenced has somebody to wait for anyway.
                if (why != CommitStatus.Fenced) await Task.Delay(AskAgain, time, stopping).ConfigureAwait(false);
                return;
            }

            if (_changed.Task.IsCompleted) _changed = pump.NewSignal<LedgerChange>();
            try
            {
                var renewal = await ledger.RenewAsync(epoch, stopping).ConfigureAwait(false);
                if (renewal.Status == LeaseStatus.Fenced)
                {
                    Log.Disowned(logger, publisherId, CommitStatus.Fenced);
                    return;
                }

                if (renewal.Lost.Count > 0) pump.Post(new(PumpInputKind.Lost) { Subject = renewal.Lost });
                if (renewal.Status == LeaseStatus.RolledBack)
                {
                    // The pump knows what was lost, and writes it back.
                    pump.Post(new(PumpInputKind.RolledBack));
                    continue;
                }

                Renewed(epoch);
                pump.IsLedgerSilent = false;
                var statistics = await ledger.GetStatisticsAsync(stopping).ConfigureAwait(false);
                pump.Post(new(PumpInputKind.Counted) { Subject = statistics });
            }
            catch (LedgerUnavailableException error)
            {
                // The token fences, not the clock: as long as nobody else has acquired it, this process owns it.
                pump.IsLedgerSilent = true;
                Log.LeaseUnavailable(logger, publisherId, error);
            }
        }
    }

    private async Task WaitAsync(Task signal, TimeSpan atMost, CancellationToken stopping)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(signal, Task.Delay(atMost, time, both.Token)).ConfigureAwait(false);
        both.Cancel(); // Nobody hears of it but the delay.
        stopping.ThrowIfCancellationRequested();
    }

    private void SetOwner(bool isOwner)
    {
        if (IsOwner == isOwner) return;
        IsOwner = isOwner;
        Changed?.Invoke(isOwner);
    }

    private void OnLedgerChanged(LedgerChange change)
    {
        // Work is the session's matter; it is no reason to look at the lease.
        if (change == LedgerChange.Backlog) pump.Post(new(PumpInputKind.Work));
        else _changed.TrySetResult(change);
    }

    private void OnFinished(IReadOnlyList<StatusAnswer> answers) => pump.Post(new(PumpInputKind.Finished) { Subject = answers });
}
