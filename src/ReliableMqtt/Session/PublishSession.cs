using MQTTnet.Formatter;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>
/// The publisher's side of an MQTT session: which message is in flight under which packet id, and what may leave when. A pure state
/// machine: no task, clock, randomness, socket or log inside. Inputs are its methods, with the time as an argument; what is to be done
/// stands in <see cref="Outputs"/>, and what is to be stored in the commit that <see cref="BuildCommit"/> makes. One caller at a time.
/// </summary>
/// <remarks>
/// <para>The life of one message is <see cref="HandshakeTable"/>, where its diagram stands. This type keeps the set of them: the window, the packet ids,
/// the order, the backlog's head, and one commit at a time.</para>
/// <para>The write-ahead rules: W1, W2 and W3 hold because a first PUBLISH or PUBREL leaves only from <see cref="OnCommitted"/>; W4 because
/// a packet id goes back to the pool only there.</para>
/// </remarks>
internal sealed partial class PublishSession
{
    // Valid for this ownership of the ledger.
    private readonly SessionSettings _settings;
    private readonly LedgerEpoch _epoch;
    private readonly ulong _ledgerNonce;
    private long _operation;
    private long _tail;
    private Commit? _outstanding;

    // Valid for the session at the broker.
    private readonly PacketIdPool _ids = new();
    private readonly Dictionary<PacketId, Handshake> _inflight = [];
    /// <summary>All handshakes in the order of their sequences: the head tells what is finished below.</summary>
    private readonly Queue<Handshake> _bySequence = new();
    private BrokerSession _session;
    private bool _sessionUnsaved;
    private long _releases;
    private SendOrder _lastOrder;
    private int _open;
    private int _refused;
    /// <summary>Those whose end the ledger does not know yet.</summary>
    private readonly HashSet<Handshake> _givenUp = [];

    // Valid for one connection.
    private ConnectionInfo? _connection;
    private readonly Queue<Handshake> _released = new();
    private readonly Queue<Handshake> _resend = new();
    private long _sentPlaces;
    private int _onWire;
    private bool _recycling;

    public PublishSession(SessionSettings settings, LedgerEpoch epoch, RecoveredState recovered)
    {
        _settings = settings;
        _epoch = epoch;
        _ledgerNonce = recovered.LedgerNonce;
        _operation = recovered.LastOperation;
        _tail = recovered.Tail;
        _backlogCount = recovered.BacklogCount;
        _session = _keptSession = recovered.Session;
        _windowCap = settings.MaxInFlight;
        _appendLimit = settings.MaxBatch;
        _recent = new RecentWrites(settings.RememberedBytes);
        foreach (var entry in recovered.InFlight.OrderBy(e => e.Record.Sequence)) Restore(entry);
        if (_inflight.Count > 0) _lastOrder = _inflight.Values.Max(h => h.Order);
        // Where its backlog begins is not known before a page of it is read.
        _leftBacklog = _tail;
    }

    /// <summary>What is to be done; drained by the driver after every turn.</summary>
    public SessionOutputs Outputs { get; } = new();

    /// <summary>When <see cref="Tick"/> has something to do; null when nothing waits for time.</summary>
    public DateTimeOffset? WakeAt { get; private set; }

    /// <summary>The next CONNECT must ask for a clean start: nothing here belongs to a session that the broker may hold.</summary>
    public bool NeedsCleanStart => _session == BrokerSession.None || (_session == BrokerSession.Condemned && _open == 0);

    /// <summary>The ownership that its commits are made under.</summary>
    public LedgerEpoch Epoch => _epoch;

    /// <summary>Handshakes with a packet id.</summary>
    public int InFlight => _inflight.Count;

    /// <summary>Messages accepted and not finished.</summary>
    public long Pending => _inflight.Count + _backlogCount;

    /// <summary>The highest sequence given out.</summary>
    public long Tail => _tail;

    /// <summary>Handshakes that went on under their packet id on a later connection.</summary>
    public long Resumed { get; private set; }

    /// <summary>When the oldest message in memory was accepted.</summary>
    public DateTimeOffset? OldestAcceptedAt => FirstUnfinished()?.Record.AcceptedAt ?? (_prefetched.TryPeek(out var next) ? next.AcceptedAt : null);

    private bool IsMqtt5 => _connection?.Protocol == MqttProtocolVersion.V500;

    private void Restore(InflightEntry entry)
    {
        _ids.Reserve(entry.PacketId);
        _seen.Add(entry.Record.Sequence);
        var handshake = new Handshake(entry.Record, entry.PacketId, entry.State.Order)
        {
            Refusals = entry.State.Refusals,
            Attempts = entry.State.Refusals + 1,
            ReleaseOrder = entry.State.ReleaseOrder,
            DueAt = entry.State.DueAt,
            Kept = entry.State.Stage,
            Stage = entry.State.Stage switch
            {
                InflightStage.Sent => HandshakeStage.Sent,
                InflightStage.Released => HandshakeStage.Released,
                _ => HandshakeStage.Parked,
            },
        };
        // Whether its PUBLISH left before the last process died, nobody knows: it may have.
        handshake.EverSent = handshake.Stage != HandshakeStage.Parked;
        _releases = Math.Max(_releases, handshake.ReleaseOrder);
        _inflight.Add(entry.PacketId, handshake);
        _bySequence.Enqueue(handshake);
        if (handshake.IsOpen) _open++;
        if (handshake.Stage == HandshakeStage.Parked || handshake.Refusals > 0) Hold(handshake);
        if (handshake.Stage == HandshakeStage.Parked) Park(handshake);
    }

    /// <summary>Applies an event; a stray one is reported and changes nothing.</summary>
    private HandshakeStep Step(Handshake handshake, HandshakeEvent what)
    {
        var step = HandshakeTable.Next(handshake.Stage, what, handshake.IsExactlyOnce);
        if (!step.IsLegal || step.Next == handshake.Stage) return step;

        var wasOpen = handshake.IsOpen;
        handshake.Stage = step.Next;
        handshake.StoredBy = 0;
        if (wasOpen != handshake.IsOpen) _open += wasOpen ? -1 : 1;
        if (wasOpen && !handshake.IsOpen && handshake.SentOn == _connection?.ConnectionId) _onWire--;
        if (step.Effect == HandshakeEffect.Store) _toStore.Add(handshake);
        return step;
    }

    /// <summary>A step that only a bug of ours can make illegal.</summary>
    private HandshakeStep MustStep(Handshake handshake, HandshakeEvent what)
    {
        var before = handshake.Stage;
        var step = Step(handshake, what);
        return step.IsLegal ? step : throw new InvalidOperationException($"{what} is impossible for a handshake that is {before}.");
    }

    private void WakeBy(DateTimeOffset at)
    {
        if (WakeAt is null || at < WakeAt) WakeAt = at;
    }
}
