using ReliableMqtt.Session;

namespace ReliableMqtt.Mqtt;

// The way out for the packets of the session: written into the buffer where the call is made, and flushed there too unless a flush is under way, which then takes them along.
internal sealed partial class SessionChannelAdapter
{
    private const int NoFlush = 0, Flushing = 1, FlushWanted = 2;

    private readonly object _waitersGate = new();
    /// <summary>Those who wait until their message of QoS 0 is handed to the socket.</summary>
    private List<TaskCompletionSource<bool>> _waiters = [];
    private List<TaskCompletionSource<bool>> _flushed = [];
    private int _flush;
    private volatile bool _isInspected;

    private bool HasUnsent => Volatile.Read(ref _queued) > 0 || _packets?.PendingBytes > 0;

    // Once inspected, a connection keeps to the queue: no packet may overtake another by the other way.
    private bool IsDirect => _packets is not null && !(_isInspected |= _settings.IsInspected());

    private void SendDirect(ReadOnlySpan<OutboundPacket> packets)
    {
        for (var sent = 0; sent < packets.Length; RequestFlush())
        {
            try
            {
                lock (_sendGate)
                {
                    if (_disconnectSent || _end is not null) return;
                    do
                    {
                        _packets!.Append(packets[sent++], IsMqtt5);
                    }
                    while (sent < packets.Length && _packets.PendingBytes < BufferedChannel.DirectWriteThreshold);
                }
            }
            catch (Exception e)
            {
                FailSend("MqttPublishPacket", e, isLedgered: true);
                return;
            }
        }
    }

    private Task<bool> SendDirectAsync(OutboundPacket packet)
    {
        if (!IsOpen) return Task.FromResult(false);
        try
        {
            lock (_sendGate)
            {
                if (_disconnectSent || _end is not null) return Task.FromResult(false);
                _othersLeft = true;
                _packets!.Append(packet, IsMqtt5);
            }
        }
        catch (InvalidOperationException e)
        {
            return Task.FromException<bool>(e); // MQTT has no such packet; nothing of it is in the buffer.
        }

        var flushed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waitersGate)
        {
            if (_end is not null) return Task.FromResult(false);
            _waiters.Add(flushed);
        }

        RequestFlush();
        return flushed.Task;
    }

    private void RequestFlush()
    {
        if (Interlocked.Exchange(ref _flush, FlushWanted) == NoFlush) Background.Observe(FlushWhileWantedAsync());
    }

    private async Task FlushWhileWantedAsync()
    {
        try
        {
            do
            {
                Volatile.Write(ref _flush, Flushing);
                lock (_waitersGate) (_waiters, _flushed) = (_flushed, _waiters);
                await FlushAsync().ConfigureAwait(false);
                foreach (var waiter in _flushed) waiter.TrySetResult(true);
                _flushed.Clear();
            }
            while (Interlocked.CompareExchange(ref _flush, NoFlush, Flushing) != Flushing);
        }
        catch (Exception e)
        {
            if (!_disconnectSent) End($"sending failed: {e.Message}", e, cause: EndCause.Of(e) ?? LossCause.Local);
            foreach (var waiter in _flushed) waiter.TrySetResult(false);
        }
    }

    // The end has been noted: nobody comes behind these.
    private void FailWaiters()
    {
        lock (_waitersGate)
        {
            foreach (var waiter in _waiters) waiter.TrySetResult(false);
            _waiters.Clear();
        }
    }
}
