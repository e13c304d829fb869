using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>
/// A session on a ledger in memory, with the time in the test's hand. <see cref="Crash"/> throws the session away and starts another from the
/// ledger, as the next process would.
/// </summary>
internal sealed class SessionHarness
{
    private static readonly bool PoisonsAll = Environment.GetEnvironmentVariable("RELIABLEMQTT_POISON") == "1";

    private readonly InMemoryLedgerStore _store = new();
    private int _connections;

    public SessionHarness(SessionSettings? settings = null, long maxPending = 1_000_000)
    {
        Settings = (settings ?? new SessionSettings()) with { PoisonsHandshakes = settings?.PoisonsHandshakes == true || PoisonsAll };
        MaxPending = maxPending;
        Crash();
    }

    public SessionSettings Settings { get; }

    public long MaxPending { get; }

    public InMemoryAckLedger Ledger { get; private set; } = null!;

    public PublishSession Session { get; private set; } = null!;

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public int Connection => _connections;

    /// <summary>Everything that has left, since the last <see cref="TakeSent"/>.</summary>
    public List<OutboundPacket> Sent { get; } = [];

    public List<Completion> Completions { get; } = [];

    public List<StrayAck> Strays { get; } = [];

    public RecycleReason? Recycle { get; set; }

    public bool Probed { get; set; }

    public List<LedgerRecord> Suspects { get; } = [];

    /// <summary>What the session wants written back, until <see cref="AnswerRestore"/>.</summary>
    public LedgerRestore? Restore { get; private set; }

    public void Crash()
    {
        Ledger = new InMemoryAckLedger(_store);
        Wait(Ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p", MaxPending = MaxPending, LeaseDuration = TimeSpan.FromSeconds(10) }, default));
        LeaseGrant grant;
        if (Session is not null && _epoch is { } old) Wait(Ledger.ReleaseAsync(old, default));
        grant = Wait(Ledger.AcquireAsync(default));
        _epoch = grant.Epoch!.Value;
        Session = new PublishSession(Settings, _epoch.Value, Wait(Ledger.RecoverAsync(_epoch.Value, default)));
        Sent.Clear();
    }

    private LedgerEpoch? _epoch;

    public ConnectionInfo Connect(bool sessionPresent = true, int receiveMaximum = 65_535, MqttQualityOfServiceLevel maximumQoS = MqttQualityOfServiceLevel.ExactlyOnce)
    {
        var info = new ConnectionInfo(++_connections, sessionPresent) { ReceiveMaximum = receiveMaximum, MaximumQoS = maximumQoS };
        Session.OnConnected(info, Now);
        Turn();
        return info;
    }

    /// <summary>The connection ends, by the peer's hand unless told otherwise.</summary>
    public void Cut(ConnectionLoss? loss = null)
    {
        Session.OnConnectionLost(_connections, loss ?? new ConnectionLoss(LossCause.Peer), Now);
        Turn();
    }

    /// <summary>Lets the time pass that a suspect has to wait for, and answers the probe after it.</summary>
    public void Prove()
    {
        for (var waited = 0; !Probed; waited++)
        {
            Assert.True(waited < 100, "no probe was asked for");
            Advance(TimeSpan.FromSeconds(1));
        }

        Probed = false;
        Session.OnAlive(_connections, Now);
        Turn();
    }

    public void Enqueue(string topic = "t", int qos = 2, MessageId id = default, DateTimeOffset? expiresAt = null, ITicket? ticket = null) =>
        Session.Enqueue(new LedgerRecord
        {
            Topic = topic,
            QualityOfService = (MqttQualityOfServiceLevel)qos,
            MessageId = id,
            AcceptedAt = Now,
            ExpiresAt = expiresAt,
        }, ticket);

    public void Ack(AckKind kind, PacketId id, byte code = 0, bool turn = true)
    {
        Session.OnAck(_connections, new Ack(kind, id, code), Now);
        if (turn) Turn();
        else Drain();
    }

    public void Advance(TimeSpan by)
    {
        Now += by;
        Turn();
    }

    /// <summary>One turn of the pump, with a ledger that answers at once.</summary>
    public void Turn()
    {
        Session.Tick(Now);
        Drain();
        do
        {
            while (Session.BuildCommit(Now) is { } commit) Commit(commit);
            Drain();
            if (!Session.TryBeginRead(out var after, out var count)) break;
            Session.OnBacklog(Wait(Ledger.ReadBacklogAsync(after, count, default)));
        }
        while (true);
    }

    public void Commit(LedgerCommit commit)
    {
        for (LedgerCommit? next = commit; next is not null;)
        {
            next = Session.OnCommitted(Wait(Ledger.CommitAsync(next, default)), Now);
            Drain();
        }
    }

    public void Drain()
    {
        var outputs = Session.Outputs;
        Sent.AddRange(outputs.Sends);
        Completions.AddRange(outputs.Completions);
        Strays.AddRange(outputs.Strays);
        Recycle = outputs.Recycle ?? Recycle;
        Probed |= outputs.Probe;
        if (outputs.Suspect is { } suspect) Suspects.Add(suspect);
        Restore = outputs.Restore ?? Restore;
        outputs.Clear();
    }

    /// <summary>Notes what the ledger has; the answer makes it lose all since.</summary>
    public Action Save()
    {
        var saved = _store.Of("p").Save();
        return () => _store.Of("p").GoBack(saved);
    }

    /// <summary>Writes back what the session wants written back.</summary>
    public RestoreResult AnswerRestore()
    {
        var result = Wait(Ledger.RestoreAsync(Restore!, default));
        Restore = null;
        Session.OnRestored(result);
        Turn();
        return result;
    }

    public List<OutboundPacket> TakeSent()
    {
        List<OutboundPacket> sent = [.. Sent];
        Sent.Clear();
        return sent;
    }

    /// <summary>What has left, in short: <c>PUBLISH t</c>, <c>PUBLISH t DUP</c>, <c>PUBREL</c>.</summary>
    public string[] TakeSentTexts() =>
        [.. TakeSent().Select(p => p.IsPublish ? $"PUBLISH {p.Record!.Topic}{(p.Dup ? " DUP" : "")}" : "PUBREL")];

    public RecoveredState Recovered() => Wait(Ledger.RecoverAsync(_epoch!.Value, default));

    public IReadOnlyList<DeadLetter> Letters() => Wait(Ledger.ListDeadLettersAsync(null, 100, default)).Items;

    public StatusAnswer Find(MessageId id) => Wait(Ledger.FindAsync([id], default))[0];

    public LedgerStatistics Statistics() => Wait(Ledger.GetStatisticsAsync(default));

    public IEnumerable<PublishOutcome> Outcomes() => Completions.Where(c => c.Kind == CompletionKind.Finished).Select(c => c.Outcome);

    private static T Wait<T>(ValueTask<T> task) => task.IsCompleted ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();
}
