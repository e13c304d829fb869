using ReliableMqtt.Ledger;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

// The ledger has lost writes: what this process still knows goes back into it, and nothing leaves before.
internal sealed partial class PublisherPump
{
    private const int RangesInLog = 20;

    /// <summary>Writes back, and does not give up: as long as the session lives, its memory may be the only place where these messages are.</summary>
    private async Task RestoreAsync(PublishSession session, LedgerRestore restore)
    {
        Log.Restoring(_logger, restore.InFlight.Count, restore.Backlog.Count);
        var failures = 0;
        while (_session == session)
        {
            try
            {
                var result = await _ledger.RestoreAsync(restore, _stopping.Token).ConfigureAwait(false);
                Post(new(PumpInputKind.Restored) { Subject = new RestoreAnswer(session, result) });
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (LedgerUnavailableException error)
            {
                if (failures++ == 0) Log.LedgerUnavailable(_logger, restore.Operation, error);
            }
#pragma warning disable CA1031 // The ledger broke its contract; start anew from what it holds.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.PumpFailed(_logger, error);
                Post(new(PumpInputKind.Broken) { Subject = session });
                return;
            }

            try
            {
                await Task.Delay(LedgerRetry, _time, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void OnRestored(RestoreAnswer answer)
    {
        if (answer.Session != _session) return;
        _session.OnRestored(answer.Result);
        if (answer.Result.Status == RestoreStatus.Restored)
        {
            var lost = answer.Result.Lost;
            Log.Restored(_logger, $"{string.Join(", ", lost.Take(RangesInLog).Select(range => $"{range.First} to {range.Last}"))}{(lost.Count > RangesInLog ? ", …" : "")}");
            OnLost(lost);
        }

        Drain(_session);
    }

    /// <summary>Who waits for one of these waits in vain here; the ledger says what is known of it.</summary>
    private void OnLost(IReadOnlyList<SequenceRange> ranges)
    {
        _session?.OnLost(ranges);
        _receipts.DismissLost(ranges);
    }
}

/// <summary>The answer to a restore of this session.</summary>
internal sealed record RestoreAnswer(PublishSession Session, RestoreResult Result);
