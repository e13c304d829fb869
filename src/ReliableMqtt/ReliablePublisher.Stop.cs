using ReliableMqtt.Dispatch;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt;

// The end: drain for a while, answer everybody, give the lease back.
public sealed partial class ReliablePublisher
{
    /// <summary>
    /// Accepts nothing more, waits for confirms of what is pending for at most <see cref="ReliablePublisherOptions.ShutdownTimeout"/>, disconnects
    /// (the broker keeps the session), and answers everybody who still waits with <see cref="PublishFailure.PublisherDisposed"/>. What is
    /// pending stays in the ledger. Disposes the ledger object.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await DrainAsync().ConfigureAwait(false);
        await StopAsync().ConfigureAwait(false);
    }

    private async Task DrainAsync()
    {
        if (_options.ShutdownTimeout <= TimeSpan.Zero) return;
        // Without the lease the rest is somebody else's to send.
        var flush = new FlushWaiter { OwnOnly = true };
        if (!_pump.Post(new(PumpInputKind.Flush) { Subject = flush })) return;
        try
        {
            await flush.Source.Task.WaitAsync(_options.ShutdownTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.DrainIncomplete(_logger, _pump.Snapshot.Pending);
        }
    }

    private async Task StopAsync()
    {
        Interlocked.Exchange(ref _disposed, 1);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _owning.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);

        // First the pump, which may be committing, then the lease that it commits under, then the ledger.
        await _pump.StopAsync(static ticket => ticket is null ? PublishErrors.FlushEnded() : PublishErrors.Disposed(ticket.Answer is { Status: Ledger.AcceptStatus.Accepted } answer
            ? new PublishReceipt { Outcome = PublishOutcome.Pending, MessageId = answer.MessageId }
            : new PublishReceipt { Outcome = ticket.TryWithdraw() && ticket.IsWithdrawn ? PublishOutcome.NotAccepted : PublishOutcome.Unknown })).ConfigureAwait(false);
        await _pump.DisposeAsync().ConfigureAwait(false);
        await ReleaseAsync().ConfigureAwait(false);
        await _options.Ledger.DisposeAsync().ConfigureAwait(false);
        await _events.DisposeAsync().ConfigureAwait(false);
        Deadlines.Dispose();
        _metrics.Dispose();
    }

    private async Task ReleaseAsync()
    {
        if (_ownership.Epoch is not { } epoch) return;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
            await _options.Ledger.ReleaseAsync(epoch, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is Ledger.LedgerUnavailableException or OperationCanceledException)
        {
            // The lease runs out by itself.
            Log.LeaseUnavailable(_logger, _options.PublisherId, error);
        }
    }
}
