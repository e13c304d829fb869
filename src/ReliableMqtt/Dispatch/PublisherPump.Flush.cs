using ReliableMqtt.Ledger;

namespace ReliableMqtt.Dispatch;

// Flushes: the end of all that was accepted before. The owner knows it; any other process has the ledger count.
internal sealed partial class PublisherPump
{
    private static readonly TimeSpan CountAgain = TimeSpan.FromMilliseconds(250);

    private bool _counting;
    private DateTimeOffset _countAt;

    private void SettleFlushes()
    {
        for (var i = _flushes.Count - 1; i >= 0; i--)
        {
            var flush = _flushes[i];
            if (!IsOver(flush)) continue;
            flush.Source.TrySetResult();
            _flushes.RemoveAt(i);
        }

        if (_session is null && _flushes.Exists(flush => !flush.OwnOnly && Answered >= flush.Given)) Count();
    }

    private bool IsOver(FlushWaiter flush)
    {
        if (Answered < flush.Given) return false;
        if (_session is null) return flush.OwnOnly && _receipts.Count == 0 && _asking.Count == 0 && !_isAsking;
        flush.UpTo ??= _session.Tail;
        return _session.LowestUnfinished > flush.UpTo;
    }

    private void Count()
    {
        var now = _time.GetUtcNow();
        if (_counting) return;
        if (now < _countAt)
        {
            WakeBy(_countAt);
            return;
        }

        // Only what is counted after the answers tells where a flush must get to.
        foreach (var flush in _flushes) flush.IsCounting = Answered >= flush.Given;
        (_counting, _countAt) = (true, now + CountAgain);
        WakeBy(_countAt);
        _ = CountAsync();
    }

    private async Task CountAsync()
    {
        LedgerStatistics? statistics = null;
        try
        {
            statistics = await _ledger.GetStatisticsAsync(_stopping.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever it is: it is counted again.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The ledger does not answer, or the publisher stops.
        }

        Post(new(PumpInputKind.FlushCounted) { Subject = statistics });
    }

    private void OnFlushCounted(LedgerStatistics? statistics)
    {
        _counting = false;
        for (var i = _flushes.Count - 1; statistics is not null && i >= 0; i--)
        {
            var flush = _flushes[i];
            if (!flush.IsCounting || flush.OwnOnly) continue;
            flush.UpTo ??= statistics.Tail;
            // That nothing is left says it too: the owner tells the lowest unfinished one only together with something else.
            if (statistics.LowestUnfinished <= flush.UpTo && statistics.Backlog + statistics.InFlight > 0) continue;
            flush.Source.TrySetResult();
            _flushes.RemoveAt(i);
        }
    }
}
