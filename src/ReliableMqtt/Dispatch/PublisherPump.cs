using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Dispatch;

/// <summary>
/// Drives the session: one loop that takes all inputs that have arrived, makes one commit of them, and when the ledger has answered, one flush.
/// The only one who touches the session, so that the core needs no lock.
/// </summary>
internal sealed partial class PublisherPump : IWireSink, IAsyncDisposable
{
    /// <summary>The most inputs that one turn takes: enough to batch, few enough to let the ledger start.</summary>
    private const int InputsPerTurn = 4096;

    private readonly Channel<PumpInput> _inputs = Channel.CreateUnbounded<PumpInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly AckLedger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReceiptBook _receipts;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<FlushWaiter> _flushes = [];
    /// <summary>New messages that came while nobody here owned the ledger.</summary>
    private readonly Queue<PumpInput> _early = new();
    private readonly Task _loop;

    private PublishSession? _session;
    private ConnectionInfo? _connection;
    private DateTimeOffset? _timerAt;
    private volatile bool _cleanStart = true;
    private PumpSnapshot _snapshot = new(0, 0, 0, null);

    public PublisherPump(AckLedger ledger, TimeProvider time, ILogger logger)
    {
        (_ledger, _time, _logger) = (ledger, time, logger);
        _receipts = new ReceiptBook(time);
        _timer = time.CreateTimer(static state => ((PublisherPump)state!).Post(new(PumpInputKind.Tick)), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Where packets go. Set before the first connection.</summary>
    public IWire? Wire { get; set; }

    /// <summary>Told, in the loop, of every message that comes to its end: must not block.</summary>
    public Action<PublishReceipt>? Finished { get; set; }

    /// <summary>Told when the ledger no longer obeys this owner.</summary>
    public Action<CommitStatus>? Disobeyed { get; set; }

    /// <summary>Numbers for the status.</summary>
    public PumpSnapshot Snapshot => Volatile.Read(ref _snapshot);

    public bool CleanStart => _cleanStart;

    public void OnConnected(ConnectionInfo connection) => Post(new(PumpInputKind.Connected) { ConnectionId = connection.ConnectionId, Subject = connection });

    public void OnAck(int connectionId, in Ack ack) => Post(new(PumpInputKind.Ack) { ConnectionId = connectionId, Ack = ack });

    public void OnConnectionLost(int connectionId) => Post(new(PumpInputKind.ConnectionLost) { ConnectionId = connectionId });

    /// <summary>Gives the pump an input. False after it was disposed.</summary>
    public bool Post(in PumpInput input) => _inputs.Writer.TryWrite(input);

    private async Task RunAsync()
    {
        var reader = _inputs.Reader;
        while (await reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // Whoever is about to publish, or has an ack to hand over, goes first: one turn for all of them. Alone, it costs a microsecond.
            await Task.Yield();
            try
            {
                for (var n = 0; n < InputsPerTurn && reader.TryRead(out var input); n++)
                {
                    Handle(input);
                    if (input.Kind == PumpInputKind.Flush) break; // What comes after it is not waited for.
                }

                if (_session is not null) Turn(_session);
            }
#pragma warning disable CA1031 // An error here is a bug of ours. What is in the ledger is safe: a new session starts from there.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.PumpFailed(_logger, error);
                Abandon(CommitStatus.RolledBack);
            }
        }
    }

    private void Handle(in PumpInput input)
    {
        var now = _time.GetUtcNow();
        switch (input.Kind)
        {
            case PumpInputKind.Publish when _session is null:
                _early.Enqueue(input);
                break;
            case PumpInputKind.Publish:
                _session.Enqueue(input.Record!, (ITicket?)input.Subject);
                break;
            case PumpInputKind.Ack:
                _session?.OnAck(input.ConnectionId, input.Ack, now);
                break;
            case PumpInputKind.Connected:
                _connection = (ConnectionInfo)input.Subject!;
                _session?.OnConnected(_connection, now);
                break;
            case PumpInputKind.ConnectionLost:
                if (_connection?.ConnectionId == input.ConnectionId) _connection = null;
                _session?.OnConnectionLost(input.ConnectionId);
                break;
            case PumpInputKind.Committed:
                OnCommitted((CommitAnswer)input.Subject!, now);
                break;
            case PumpInputKind.Backlog:
                if (input.Subject is BacklogPage page && page.Session == _session) _session?.OnBacklog(page.Records);
                break;
            case PumpInputKind.BacklogCount:
                _session?.OnBacklogCount((long)input.Subject!);
                break;
            case PumpInputKind.Owned:
                Own((NewSession)input.Subject!);
                break;
            case PumpInputKind.Disowned:
                Abandon(null);
                break;
            case PumpInputKind.Await:
                Await((EndWaiter)input.Subject!);
                break;
            case PumpInputKind.Flush:
                var flush = (FlushWaiter)input.Subject!;
                flush.Enqueued = (_session?.Enqueued ?? 0) + _early.Count;
                _session?.Mark();
                _flushes.Add(flush);
                break;
            case PumpInputKind.Tick:
                _timerAt = null;
                break;
        }
    }

    /// <summary>Puts a session to work. Completes when connections may be made for it: <see cref="CleanStart"/> is its own from then on.</summary>
    public Task OwnAsync(PublishSession session)
    {
        var owned = new NewSession(session);
        return Post(new(PumpInputKind.Owned) { Subject = owned }) ? owned.Ready.Task : Task.FromCanceled(_stopping.Token);
    }

    private void Own(NewSession owned)
    {
        Abandon(null);
        var session = _session = owned.Session;
        _cleanStart = session.NeedsCleanStart;
        while (_early.TryDequeue(out var input)) session.Enqueue(input.Record!, (ITicket?)input.Subject);
        owned.Ready.TrySetResult();
        if (_connection is null) return;
        // What this session holds was sent by an earlier one, and nothing may be resent on a living connection [MQTT-4.4.0-1].
        Wire!.Recycle(_connection.ConnectionId, RecycleReason.NewOwner);
        _connection = null;
    }

    /// <summary>Lets go of the session: what it has not stored is not stored, what it has stored is the ledger's.</summary>
    private void Abandon(CommitStatus? why)
    {
        if (_session is null) return;
        var unstored = _session.TakeUnstored();
        // The next session counts from 0.
        var gone = _session.Enqueued - unstored.Count;
        foreach (var flush in _flushes) flush.Enqueued = Math.Max(0, flush.Enqueued - gone);
        foreach (var incoming in unstored) _early.Enqueue(new(PumpInputKind.Publish) { Record = incoming.Record, Subject = incoming.Ticket });
        foreach (var incoming in _session.Uncertain) ((PublishTicket?)incoming.Ticket)?.Fail(Uncertain(incoming.Record));
        _receipts.Dismiss(null);
        _session = null;
        Volatile.Write(ref _snapshot, new(0, 0, _snapshot.Resumed, null));
        if (why is not null) Disobeyed?.Invoke(why.Value);
    }

    private static ReliablePublishException Uncertain(LedgerRecord record) => new(PublishFailure.LedgerUnavailable,
        "This process lost its hold of the ledger while the message was being stored: it may be in the ledger or not. Publish it again with the same message id to be sure.",
        new PublishReceipt { Outcome = PublishOutcome.Unknown, Topic = record.Topic, QualityOfService = record.QualityOfService, MessageId = record.HasApplicationId ? record.MessageId : default });

    private void Await(EndWaiter waiter)
    {
        var where = _session?.Locate(waiter.Sequence, waiter.MessageId) ?? Whereabouts.Elsewhere;
        if (where == Whereabouts.Pending) _receipts.Add(waiter.Sequence, waiter);
        else waiter.Source.TrySetResult(where == Whereabouts.Confirmed ? new PublishReceipt { Outcome = PublishOutcome.Confirmed } : null);
    }

    /// <summary>Ends the loop after what was posted before, and answers everybody who still waits with this error; a flush has no ticket.</summary>
    public async Task StopAsync(Func<PublishTicket?, Exception> error)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _inputs.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        _receipts.Dismiss(error);
        foreach (var incoming in _session?.Uncertain.Concat(_session.TakeUnstored()) ?? []) ((PublishTicket?)incoming.Ticket)?.Fail(error((PublishTicket)incoming.Ticket!));
        while (_early.TryDequeue(out var input)) ((PublishTicket?)input.Subject)?.Fail(error((PublishTicket)input.Subject!));
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

/// <summary>What the status tells of the session.</summary>
internal sealed record PumpSnapshot(int InFlight, long Pending, long Resumed, DateTimeOffset? OldestAcceptedAt, bool IsFull = false);

/// <summary>A session that is to be put to work.</summary>
internal sealed record NewSession(PublishSession Session)
{
    public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A page of the backlog that was read for this session.</summary>
internal sealed record BacklogPage(PublishSession Session, IReadOnlyList<LedgerRecord> Records);

/// <summary>The answer to a commit of this session.</summary>
internal sealed record CommitAnswer(PublishSession Session, CommitResult Result);
