namespace ReliableMqtt.Deduplication;

/// <summary>
/// The store in memory: for one process, for tests and for trying things out. It is gone with the process, and so a message that was handled and not acknowledged
/// is handled again by the next one.
/// </summary>
/// <param name="window">How long messages are remembered. Default: see <see cref="ProcessedMessageWindow"/>.</param>
/// <param name="timeProvider">The clock. Default: the system's.</param>
public sealed class InMemoryProcessedMessageStore(ProcessedMessageWindow? window = null, TimeProvider? timeProvider = null) : ProcessedMessageStore
{
    /// <summary>So many calls pass between two looks at publishers that have fallen silent.</summary>
    private const int SweepEvery = 1_024;

    private readonly ProcessedMessageWindow _window = (window ?? new ProcessedMessageWindow()).Checked();
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly Dictionary<string, Publisher> _publishers = [];
    private readonly object _gate = new();
    private int _calls;
    private bool _disposed;

    /// <inheritdoc />
    public override string Kind => "memory";

    /// <summary>How many entries it holds, for tests of its bounds.</summary>
    internal int Count
    {
        get
        {
            lock (_gate) return _publishers.Values.Sum(publisher => publisher.Count);
        }
    }

    /// <inheritdoc />
    public override ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
        return Run(key, (publisher, now) => publisher.Claim(key.MessageId, token, timeout, now), cancellationToken);
    }

    /// <inheritdoc />
    public override ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken) =>
        Run(key, (publisher, now) => publisher.Mark(key.MessageId, token, now, _window.MaxEntries), cancellationToken);

    /// <inheritdoc />
    public override async ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken) =>
        await Run(key, (publisher, _) => publisher.Release(key.MessageId, token), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc />
    public override ValueTask DisposeAsync()
    {
        lock (_gate) _disposed = true;
        return ValueTask.CompletedTask;
    }

    private ValueTask<T> Run<T>(DeduplicationKey key, Func<Publisher, DateTimeOffset, T> step, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key.PublisherId, nameof(key));
        ArgumentException.ThrowIfNullOrEmpty(key.MessageId, nameof(key));
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var now = _time.GetUtcNow();
            if (++_calls % SweepEvery == 0) Sweep(now);
            if (!_publishers.TryGetValue(key.PublisherId, out var publisher)) _publishers.Add(key.PublisherId, publisher = new Publisher());
            publisher.Forget(now - _window.Retention);
            return ValueTask.FromResult(step(publisher, now));
        }
    }

    private void Sweep(DateTimeOffset now)
    {
        foreach (var (id, publisher) in _publishers.ToArray())
        {
            publisher.Forget(now - _window.Retention);
            publisher.DropOldClaims(now);
            if (publisher.Count == 0) _publishers.Remove(id);
        }
    }

    private sealed class Publisher
    {
        private readonly Dictionary<string, (string Token, DateTimeOffset Ends)> _claims = [];
        private readonly Dictionary<string, string> _done = [];
        private readonly Queue<(DateTimeOffset At, string Id)> _order = new();

        public int Count => _claims.Count + _done.Count;

        public ClaimResult Claim(string id, string token, TimeSpan timeout, DateTimeOffset now)
        {
            if (_done.ContainsKey(id)) return new ClaimResult(ClaimStatus.AlreadyProcessed);
            if (Other(id, token, now) is { } ends) return new ClaimResult(ClaimStatus.InProgress, ends - now);
            _claims[id] = (token, now + timeout);
            return new ClaimResult(ClaimStatus.Claimed);
        }

        public MarkStatus Mark(string id, string token, DateTimeOffset now, int maxEntries)
        {
            if (_done.TryGetValue(id, out var by)) return by == token ? MarkStatus.Marked : MarkStatus.AlreadyProcessed;
            if (Other(id, token, now) is not null) return MarkStatus.ClaimLost;
            _claims.Remove(id);
            _done.Add(id, token);
            _order.Enqueue((now, id));
            while (_order.Count > maxEntries) _done.Remove(_order.Dequeue().Id);
            return MarkStatus.Marked;
        }

        public bool Release(string id, string token) => _claims.TryGetValue(id, out var claim) && claim.Token == token && _claims.Remove(id);

        public void Forget(DateTimeOffset upTo)
        {
            while (_order.TryPeek(out var oldest) && oldest.At <= upTo) _done.Remove(_order.Dequeue().Id);
        }

        public void DropOldClaims(DateTimeOffset now)
        {
            foreach (var (id, claim) in _claims.ToArray())
                if (claim.Ends <= now) _claims.Remove(id);
        }

        // When the claim of another ends that is still good.
        private DateTimeOffset? Other(string id, string token, DateTimeOffset now) =>
            _claims.TryGetValue(id, out var claim) && claim.Token != token && claim.Ends > now ? claim.Ends : null;
    }
}
