namespace ReliableMqtt.Telemetry;

/// <summary>Lets one line pass each second, and counts the others: what a peer can cause at will must not fill a disk. Safe for several threads.</summary>
internal sealed class LogThrottle(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private long? _last;
    private long _suppressed;

    /// <summary>True when a line may be written; how many were not since the last one.</summary>
    public bool TryPass(out long suppressed)
    {
        lock (_gate)
        {
            suppressed = _suppressed;
            if (_last is { } last && time.GetElapsedTime(last) < Pause)
            {
                _suppressed++;
                return false;
            }

            (_last, _suppressed) = (time.GetTimestamp(), 0);
            return true;
        }
    }
}
