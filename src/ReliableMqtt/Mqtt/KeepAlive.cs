namespace ReliableMqtt.Mqtt;

/// <summary>
/// Decides when to ping and when to give a link up (MQTT 5 §3.1.2.10). It pings when nothing was sent for three quarters of the period, as the broker
/// demands, and when nothing was received for a whole one: that notices a half-open link while QoS 0 is being published into it.
/// </summary>
internal sealed class KeepAlive : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestTick = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly TimeSpan _period;
    private readonly Action _ping;
    private readonly Action _giveUp;
    private readonly ITimer _timer;
    private long _lastSent;
    private long _lastReceived;
    private long _pingSent;
    private int _pingOutstanding;

    /// <summary>Starts at once.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="period">The keep alive that is in force; above zero.</param>
    /// <param name="ping">Sends a PINGREQ, without waiting for it to leave.</param>
    /// <param name="giveUp">Ends the connection. May be called again until <see cref="Dispose"/>.</param>
    public KeepAlive(TimeProvider time, TimeSpan period, Action ping, Action giveUp)
    {
        _time = time;
        _period = period;
        _ping = ping;
        _giveUp = giveUp;
        _lastSent = _lastReceived = time.GetTimestamp();
        var tick = period / 8 < LongestTick ? period / 8 : LongestTick;
        _timer = time.CreateTimer(static state => ((KeepAlive)state!).Tick(), this, tick, tick);
    }

    /// <summary>How long a PINGRESP may take.</summary>
    private TimeSpan Patience => _period / 2 < LongestWait ? _period / 2 : LongestWait;

    public void OnSent() => Volatile.Write(ref _lastSent, _time.GetTimestamp());

    public void OnReceived() => Volatile.Write(ref _lastReceived, _time.GetTimestamp());

    /// <summary>The PINGRESP to our ping has come.</summary>
    public void OnPong() => Volatile.Write(ref _pingOutstanding, 0);

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        if (Volatile.Read(ref _pingOutstanding) != 0)
        {
            // Other packets that still come prove the link as well as the PINGRESP that waits behind them.
            var since = Math.Max(Volatile.Read(ref _pingSent), Volatile.Read(ref _lastReceived));
            if (_time.GetElapsedTime(since) >= Patience) _giveUp();
            return;
        }

        var sentFor = _time.GetElapsedTime(Volatile.Read(ref _lastSent));
        var silentFor = _time.GetElapsedTime(Volatile.Read(ref _lastReceived));
        if (sentFor < _period * 0.75 && silentFor < _period) return;

        // The count starts when the ping is asked for: a stalled write must not put the end off.
        Volatile.Write(ref _pingSent, _time.GetTimestamp());
        Volatile.Write(ref _pingOutstanding, 1);
        _ping();
    }
}
