using ReliableMqtt.Session;

namespace ReliableMqtt.Dispatch;

// The end: everybody is answered.
internal sealed partial class PublisherPump
{
    private int _hasEnded;

    /// <summary>Ends the loop after what was posted before, and answers everybody who still waits with this error; a flush has no ticket.</summary>
    public async Task StopAsync(Func<PublishTicket?, Exception> error)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _inputs.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        // The last turn of all, which nobody follows.
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0) while (Interlocked.CompareExchange(ref _turning, 1, 0) != 0) await Task.Yield();
        _receipts.Dismiss(error);
        List<Incoming> left = [.. _accepting?.Messages ?? [], .. _leaving?.Uncertain ?? [], .. _leaving?.TakeUnstored() ?? [], .. _session?.Uncertain ?? [], .. _session?.TakeUnstored() ?? [], .. _early];
        foreach (var incoming in left)
            if (incoming.Ticket is PublishTicket ticket) ticket.Fail(error(ticket));
        _early.Clear();
        while (_asking.TryDequeue(out var asking)) asking.Source.TrySetResult(null);
        foreach (var flush in _flushes) flush.Source.TrySetException(error(null));
        _flushes.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(static _ => new ObjectDisposedException("ReliablePublisher")).ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }
}
