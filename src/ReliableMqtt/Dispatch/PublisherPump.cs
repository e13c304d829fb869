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
    private readonly Channel<PumpInput> _inputs = Channel.CreateUnbounded<PumpInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly AckLedger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LogThrottle _strayLines;
    private readonly ReceiptBook _receipts;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<FlushWaiter> _flushes = [];
    /// <summary>New messages that no session has been given yet: there is none, or an accept is on its way that they must not overtake.</summary>
    private readonly Queue<Incoming> _early = new();
    private readonly Task _loop;
    private readonly bool _turnsItself;

    private PublishSession? _session;
    /// <summary>A session that was let go while the ledger was storing new messages for it.</summary>
    private PublishSession? _leaving;
    private ConnectionInfo? _connection;
    private long _given;
    private DateTimeOffset? _timerAt;
    private volatile bool _cleanStart = true;
    private volatile bool _isLedgerSilent;
    private PumpSnapshot _snapshot = new(0, 0, 0, null);

    /// <param name="ledger">Where messages are kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="turnsItself">False for whoever calls <see cref="TakeTurn"/> himself, on one thread of his own: then nothing here or in <see cref="Ownership"/> runs on any other.</param>
    public PublisherPump(AckLedger ledger, TimeProvider time, ILogger logger, bool turnsItself = true)
    {
        (_ledger, _time, _logger, _turnsItself) = (ledger, time, logger, turnsItself);
        _strayLines = new LogThrottle(time);
        _receipts = new ReceiptBook(time);
        _timer = time.CreateTimer(static state => ((PublisherPump)state!).Post(new(PumpInputKind.Tick)), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = turnsItself ? Task.Run(RunAsync) : Task.CompletedTask;
    }

    /// <summary>What is done while the ledger is full, and after which wait.</summary>
    public SessionSettings Settings { get; init; } = new();

    /// <summary>Where packets go. Set before the first connection.</summary>
    public IWire? Wire { get; set; }

    /// <summary>Told, in the loop, of every message that comes to its end: must not block.</summary>
    public Action<FinishedMessage>? Finished { get; set; }

    /// <summary>What is counted, if anything is.</summary>
    public PublisherMetrics? Metrics { get; init; }

    /// <summary>Told when the ledger no longer obeys this owner.</summary>
    public Action<CommitStatus>? Disobeyed { get; set; }

    /// <summary>Numbers for the status.</summary>
    public PumpSnapshot Snapshot => Volatile.Read(ref _snapshot);

    public bool CleanStart => _cleanStart;

    /// <summary>The last call of the ledger had no answer. Whoever calls it says so.</summary>
    public bool IsLedgerSilent
    {
        get => _isLedgerSilent;
        set => _isLedgerSilent = value;
    }

    public void OnConnected(ConnectionInfo connection) => Post(new(PumpInputKind.Connected) { ConnectionId = connection.ConnectionId, Subject = connection });

    public void OnAck(int connectionId, in Ack ack) => Post(new(PumpInputKind.Ack) { ConnectionId = connectionId, Ack = ack });

    public void OnAcks(int connectionId, ReadOnlySpan<Ack> acks)
    {
        if (acks.Length == 1) OnAck(connectionId, acks[0]);
        else Post(new(PumpInputKind.Acks) { ConnectionId = connectionId, Subject = new AckBatch(acks) });
    }

    public void OnAlive(int connectionId) => Post(new(PumpInputKind.Alive) { ConnectionId = connectionId });

    public void OnConnectionLost(int connectionId, ConnectionLoss loss) => Post(new(PumpInputKind.ConnectionLost) { ConnectionId = connectionId, Subject = loss });

    /// <summary>Something that others of the dispatcher wait for: they go on outside the loop, unless all of it has one thread.</summary>
    public TaskCompletionSource<T> NewSignal<T>() => new(_turnsItself ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);

    private void Handle(in PumpInput input)
    {
        var now = _time.GetUtcNow();
        switch (input.Kind)
        {
            case PumpInputKind.Publish:
                _given++;
                if (_session is null || MustWait) _early.Enqueue(new Incoming(input.Record!, (ITicket?)input.Subject));
                else _session.Enqueue(input.Record!, (ITicket?)input.Subject);
                break;
            case PumpInputKind.Ack:
                _session?.OnAck(input.ConnectionId, input.Ack, now);
                break;
            case PumpInputKind.Acks:
                var batch = (AckBatch)input.Subject!;
                foreach (ref readonly var ack in batch.Acks) _session?.OnAck(input.ConnectionId, ack, now);
                batch.GiveBack();
                break;
            case PumpInputKind.Connected:
                _connection = (ConnectionInfo)input.Subject!;
                if (_session is not null) Verify(new VerifiedConnection(_session, _connection));
                break;
            case PumpInputKind.Verified:
                OnVerified((VerifiedConnection)input.Subject!, now);
                break;
            case PumpInputKind.Alive:
                _session?.OnAlive(input.ConnectionId, now);
                break;
            case PumpInputKind.ConnectionLost:
                if (_connection?.ConnectionId == input.ConnectionId) _connection = null;
                _session?.OnConnectionLost(input.ConnectionId, (ConnectionLoss)input.Subject!, now);
                break;
            case PumpInputKind.Committed:
                OnCommitted((CommitAnswer)input.Subject!, now);
                break;
            case PumpInputKind.Broken:
                OnBroken((PublishSession)input.Subject!);
                break;
            case PumpInputKind.RolledBack:
                // A commit on its way is told so too.
                if (_session is { IsCommitting: false }) _session.OnRolledBack();
                break;
            case PumpInputKind.Restored:
                OnRestored((RestoreAnswer)input.Subject!);
                break;
            case PumpInputKind.Lost:
                OnLost((IReadOnlyList<SequenceRange>)input.Subject!);
                break;
            case PumpInputKind.Backlog:
                if (input.Subject is BacklogPage page && page.Session == _session) _session?.OnBacklog(page.Records);
                break;
            case PumpInputKind.Work:
                _session?.OnWork();
                break;
            case PumpInputKind.Counted:
                OnCounted((LedgerStatistics)input.Subject!);
                break;
            case PumpInputKind.FlushCounted:
                OnFlushCounted((LedgerStatistics?)input.Subject);
                break;
            case PumpInputKind.Standby:
                _standby = _session is null;
                break;
            case PumpInputKind.Accepted:
                OnAccepted((AcceptBatch)input.Subject!, now);
                break;
            case PumpInputKind.Finished:
                OnFinishedElsewhere((IReadOnlyList<StatusAnswer>)input.Subject!);
                break;
            case PumpInputKind.Found:
                OnFound((FoundAnswer)input.Subject!);
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
                flush.Given = _given;
                _session?.Mark();
                _flushes.Add(flush);
                break;
            case PumpInputKind.Tick:
                _timerAt = null;
                break;
        }
    }

    private void Await(EndWaiter waiter)
    {
        if (_standby)
        {
            _asking.Enqueue(waiter);
            return;
        }

        var where = _session?.Locate(waiter.Sequence, waiter.MessageId) ?? Whereabouts.Elsewhere;
        if (where == Whereabouts.Pending) _receipts.Add(waiter.Sequence, waiter);
        else waiter.Source.TrySetResult(where == Whereabouts.Confirmed ? new PublishReceipt { Outcome = PublishOutcome.Confirmed } : null);
    }
}

/// <summary>A message that has come to its end here.</summary>
/// <param name="Receipt">What is true of it.</param>
/// <param name="Record">The message.</param>
/// <param name="SentAt">When its last packet left; null when none did.</param>
/// <param name="IsAwaited">A publishing call in this process has waited for it.</param>
internal readonly record struct FinishedMessage(PublishReceipt Receipt, LedgerRecord Record, DateTimeOffset? SentAt, bool IsAwaited);

/// <summary>What the status tells of the session.</summary>
internal sealed record PumpSnapshot(int InFlight, long Pending, long Resumed, DateTimeOffset? OldestAcceptedAt, bool IsFull = false);
