using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Mqtt;

// The one loop. Everything here runs in it, but for ReconnectAsync.
internal sealed partial class ConnectionSupervisor
{
    private readonly List<(TaskCompletionSource Source, SessionChannelAdapter? Dropped)> _awaitingConnection = [];
    private TaskCompletionSource _kick = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);
    private int _connections;

    /// <summary>Drops the connection, if there is one, and connects at once, out of every state but <see cref="ConnectionState.Stopped"/>.</summary>
    /// <returns>When there is a new connection. Attempts that fail for a time are repeated meanwhile; before the start it waits for that too.</returns>
    /// <exception cref="InvalidOperationException">The broker refuses for good, or another client took the session.</exception>
    /// <exception cref="ObjectDisposedException">The publisher stopped.</exception>
    public async Task ReconnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        SessionChannelAdapter? dropped;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            // The waiter stands before the connection is dropped: the loop may have the next one before a close returns.
            dropped = _current is { IsOpen: true } open ? open : null;
            _awaitingConnection.Add((connected, dropped));
            if (dropped is not null) dropped.ReconnectAtOnce = true;
            // It may have ended by itself just now, and the loop may be about to wait.
            _kick.TrySetResult();
        }

        if (dropped is not null) await dropped.CloseAsync("a reconnect was asked for", CloseTimeout).ConfigureAwait(false);
        await connected.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var wait = TimeSpan.Zero;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await PauseAsync(wait).ConfigureAwait(false);
                if (!_stop.IsCancellationRequested) wait = await ConnectAndServeAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.LoopFailed(_logger, e);
                wait = _options.MaxBackoff;
            }
        }

        FailWaiting(new ObjectDisposedException(nameof(ReliablePublisher)));
        SetState(ConnectionState.Stopped, "the publisher stopped");
    }

    // Ends early when a reconnect is asked for, or the publisher stops.
    private async Task PauseAsync(TimeSpan wait)
    {
        Task kick;
        lock (_gate) kick = _kick.Task;
        if (wait != TimeSpan.Zero)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var delay = Task.Delay(wait, _time, over.Token);
            await Task.WhenAny(delay, kick).ConfigureAwait(false);
            await over.CancelAsync().ConfigureAwait(false);
        }

        lock (_gate)
        {
            if (!_kick.Task.IsCompleted) return;
            _kick = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _backoff.Reset();
        }
    }

    // One attempt and the life of what comes of it. Answers how long to wait before the next.
    private async Task<TimeSpan> ConnectAndServeAsync()
    {
        if (_suspended)
        {
            const string Why = "another process dispatches for this publisher id";
            SetState(ConnectionState.Fenced, Why);
            FailWaiting(new InvalidOperationException($"There is no connection to be made: {Why}."));
            return Timeout.InfiniteTimeSpan;
        }

        // Whoever may not connect is told so soon, by Suspend or by Start; it asks again meanwhile.
        if (MayConnect is not null && !await MayConnect(_stop.Token).ConfigureAwait(false)) return _suspended ? TimeSpan.Zero : LookAgain;
        var clean = _sink.CleanStart;
        var attempt = await ConnectAsync(clean).ConfigureAwait(false);
        if (!attempt.Succeeded) return AfterFailure(attempt);

        // Counted even when it is closed at once: the sink has heard of it, and no id is given out twice.
        var first = Interlocked.Increment(ref _connections) == 1;
        var connection = attempt.Adapter!;
        if (_stopping || _suspended)
            await connection.CloseAsync("no connection is wanted any more", CloseTimeout).ConfigureAwait(false);
        else
            Announce(connection, attempt, first);
        var end = await connection.Ended.ConfigureAwait(false);
        _current = null;
        return AfterEnd(connection, end);
    }

    private void Announce(SessionChannelAdapter connection, Attempt attempt, bool first)
    {
        var info = connection.Info!;
        Log.Connected(_logger, connection.RemoteEndPoint, info.ConnectionId, info.SessionPresent, info.ReceiveMaximum);
        WarnOfSessionExpiry(connection, info);
        SetState(ConnectionState.Connected, "connected", 0, info.SessionPresent);
        lock (_gate)
        {
            if (connection.IsOpen) CompleteWaiting(connection);
        }

        RenewSubscriptions(attempt.Client!, lost: !first && !info.SessionPresent);
    }

    private TimeSpan AfterFailure(Attempt attempt)
    {
        _current = null;
        if (_stop.IsCancellationRequested || _suspended) return TimeSpan.Zero;
        if (attempt.Verdict == ConnectVerdict.Fault)
        {
            Log.Faulted(_logger, attempt.Why, _options.FaultedRetryInterval);
            SetState(ConnectionState.Faulted, attempt.Why, attempt.Code);
            FailWaiting(new InvalidOperationException($"The broker refuses the connection: {attempt.Why}."));
            return _options.FaultedRetryInterval;
        }

        var wait = _backoff.Next();
        Log.ReconnectFailed(_logger, attempt.Why, wait, attempt.Error);
        SetState(ConnectionState.Disconnected, attempt.Why, attempt.Code);
        return wait;
    }

    private TimeSpan AfterEnd(SessionChannelAdapter connection, ConnectionEnd end)
    {
        if (_stopping || _suspended) return TimeSpan.Zero;
        Log.Disconnected(_logger, connection.ConnectionId, end.Why, end.Error);
        switch (end.Code is { } code ? ReasonCodes.OfDisconnect(code) : DisconnectVerdict.Reconnect)
        {
            case DisconnectVerdict.Stop:
                Log.Fenced(_logger, end.Why);
                SetState(ConnectionState.Fenced, end.Why, end.Code);
                FailWaiting(new InvalidOperationException($"Another client has taken over the session: {end.Why}."));
                return Timeout.InfiniteTimeSpan;
            case DisconnectVerdict.Fault:
                Log.Faulted(_logger, end.Why, _options.FaultedRetryInterval);
                SetState(ConnectionState.Faulted, end.Why, end.Code);
                FailWaiting(new InvalidOperationException($"The broker refuses the connection: {end.Why}."));
                return _options.FaultedRetryInterval;
        }

        SetState(ConnectionState.Disconnected, end.Why, end.Code);
        if (connection.ReconnectAtOnce) return TimeSpan.Zero;

        // A broker that accepts and drops at once is not asked in a tight loop.
        if (connection.MadeProgress || _time.GetUtcNow() - connection.ConnectedSince > _options.MaxBackoff) _backoff.Reset();
        return _backoff.Next();
    }

    private void CompleteWaiting(SessionChannelAdapter connection)
    {
        // The very connection that a caller of ReconnectAsync drops is not the one that he waits for.
        foreach (var (source, dropped) in _awaitingConnection)
            if (dropped != connection) source.TrySetResult();
        _awaitingConnection.RemoveAll(waiter => waiter.Dropped != connection);

        // The reconnect that was asked for is done; the next loss is a matter of its own.
        if (_kick.Task.IsCompleted) _kick = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void FailWaiting(Exception why)
    {
        lock (_gate)
        {
            foreach (var (source, _) in _awaitingConnection) source.TrySetException(why);
            _awaitingConnection.Clear();
        }
    }
}
