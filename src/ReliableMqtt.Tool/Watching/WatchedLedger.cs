using ReliableMqtt.Ledger;

namespace ReliableMqtt.Tool.Watching;

/// <summary>A ledger that is looked at again and again, and what was seen last.</summary>
internal sealed class WatchedLedger(AckLedger ledger, string publisherId, TimeProvider time) : IAsyncDisposable
{
    private LedgerDurabilityLevel _durability;
    private (long At, LedgerStatistics Counts)? _before;

    /// <summary>Opens it. It is not made when there is none.</summary>
    /// <exception cref="LedgerNotFoundException">There is none.</exception>
    /// <exception cref="LedgerUnavailableException">The store cannot be reached.</exception>
    public async Task OpenAsync(CancellationToken stop) =>
        _durability = (await ledger.OpenAsync(new LedgerOpenOptions { PublisherId = publisherId, CreateIfMissing = false, TimeProvider = time }, stop)).Level;

    /// <summary>Looks once. A store that does not answer is a part of what is seen: it may be back the next time.</summary>
    public async Task<LedgerLook> LookAsync(CancellationToken stop)
    {
        try
        {
            var overview = await ledger.GetOverviewAsync(stop);
            var counts = await ledger.GetStatisticsAsync(stop);
            var now = time.GetTimestamp();
            var look = new LedgerLook { PublisherId = publisherId, At = time.GetUtcNow(), Durability = _durability, Overview = overview, Counts = counts, Rates = Rates(now, counts) };
            _before = (now, counts);
            return look;
        }
        catch (LedgerUnavailableException error)
        {
            return Failed(error.Message, ExitCode.Unreachable);
        }
        catch (Exception error) when (error is LedgerNotFoundException or InvalidOperationException)
        {
            return Failed(error.Message, ExitCode.NotFound);
        }
    }

    public ValueTask DisposeAsync() => ledger.DisposeAsync();

    private LedgerLook Failed(string error, int code) => new() { PublisherId = publisherId, At = time.GetUtcNow(), Durability = _durability, Error = error, ExitCode = code };

    // Each accepted message takes a sequence; what was pending and is not any more has come to its end.
    private (double, double)? Rates(long now, LedgerStatistics counts)
    {
        if (_before is not { } before || time.GetElapsedTime(before.At, now).TotalSeconds is not (> 0 and var seconds)) return null;
        var accepted = counts.Tail - before.Counts.Tail;
        var finished = accepted - (counts.InFlight + counts.Backlog - before.Counts.InFlight - before.Counts.Backlog);

        // Below nothing: the store has lost writes meanwhile.
        return (Math.Max(0, accepted) / seconds, Math.Max(0, finished) / seconds);
    }
}
