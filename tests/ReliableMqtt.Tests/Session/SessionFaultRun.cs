using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>
/// A session on a ledger, and a broker that keeps the rules, under random cuts, kills and refusals, one step after the other. Each ledger object stands for a process, and goes on with what the one
/// before has left.
/// </summary>
internal sealed class SessionFaultRun : IDisposable
{
    private readonly int _seed;
    private readonly Random _random;
    private readonly bool _losesSessions;
    private readonly int _messages;
    private readonly ModelBroker _broker;
    private readonly SessionSettings _settings;
    private readonly Func<AckLedger> _newLedger;
    private readonly HashSet<string> _accepted = [];
    private readonly HashSet<string> _finished = [];
    private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private AckLedger _ledger = null!;
    private LedgerEpoch _epoch;
    private PublishSession _session = null!;
    private LedgerCommit? _commit;
    /// <summary>
    /// The broker has begun a new session and the ledger does not know it yet. A kill just now would leave the next process with a session that
    /// looks like the old one: MQTT has no name for a session to tell them apart. docs/limits.md says so; this run does not go there.
    /// </summary>
    private bool _lossUnsaved;
    private LedgerCommit? _lossCommit;
    private int _connection;
    private bool _connected;
    private bool _probed;
    private int _published;
    private int _steps;

    /// <param name="seed">Its random choices.</param>
    /// <param name="newLedger">Makes the ledger object of the next process.</param>
    /// <param name="losesSessions">The broker forgets sessions.</param>
    /// <param name="poison">Over how many messages the broker ends the connection.</param>
    /// <param name="messages">How many there are.</param>
    public SessionFaultRun(int seed, Func<AckLedger> newLedger, bool losesSessions = false, int poison = 0, int messages = 60)
    {
        (_seed, _random, _newLedger, _losesSessions, _messages) = (seed, new Random(seed), newLedger, losesSessions, messages);
        _broker = new ModelBroker(_random.Next(2) == 0, _random.Next(1, 8)) { DiesAtPubrel = poison > 0 && _random.Next(2) == 0 };
        while (_broker.Poison.Count < poison) _broker.Poison.Add($"{_random.Next(_messages)}");
        _settings = new SessionSettings
        {
            MaxInFlight = _random.Next(1, 10),
            MaxBatch = _random.Next(1, 8),
            Prefetch = _random.Next(2, 10),
            MaxAttempts = 1000,
            Ordering = (PublishOrdering)_random.Next(2),
            RetryDelay = _ => TimeSpan.FromSeconds(_random.Next(3)),
            PoisonsHandshakes = seed % 2 == 0,
        };
        Start();
    }

    /// <summary>How many processes there were.</summary>
    public int Lives { get; private set; }

    public void Dispose() => _ledger.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private DateTimeOffset Now => _start.AddMilliseconds(50 * _steps);

    public void Execute()
    {
        try
        {
            while (_published < _messages) Step(faults: true);
            for (var i = 0; i < 200_000 && (_finished.Count < _accepted.Count || _session.Pending > 0 || _commit is not null); i++) Step(faults: false);
            Check();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {_seed}, step {_steps} (RELIABLEMQTT_SEED={_seed} replays it): {error.Message}", error);
        }
    }

    private void Start()
    {
        _ledger = _newLedger();
        Ask(_ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, default));
        // One that cannot see that its owner is dead is told.
        if (_epoch != default && _ledger is InMemoryAckLedger) _ledger.ReleaseAsync(_epoch, default).AsTask().GetAwaiter().GetResult();
        _epoch = Ask(_ledger.AcquireAsync(default)).Epoch!.Value;
        _session = new PublishSession(_settings, _epoch, Ask(_ledger.RecoverAsync(_epoch, default)));
        _commit = null;
        _connected = false;
        Lives++;
    }

    private static T Ask<T>(ValueTask<T> call) => call.AsTask().GetAwaiter().GetResult();

    private void Step(bool faults)
    {
        _steps++;
        var dice = _random.Next(faults ? 100 : 80);
        if (!_connected && dice < 90) dice = _random.Next(3) == 0 ? 60 : dice;
        switch (dice)
        {
            case < 10 when faults:
                var topic = $"{_published++}";
                _session.Enqueue(new LedgerRecord { Topic = topic, QualityOfService = (MqttQualityOfServiceLevel)_random.Next(1, 3), AcceptedAt = Now }, null);
                break;
            case < 30:
                if (_connected) StepBroker();
                break;
            case < 50:
                if (_connected && _broker.Outbound.TryDequeue(out var ack)) _session.OnAck(_connection, ack, Now);
                break;
            case < 60:
                if (_commit is { } commit) Apply(commit);
                break;
            case < 70:
                if (!_connected) Connect();
                break;
            case < 80:
                if (_session.TryBeginRead(out var after, out var count)) _session.OnBacklog(Ask(_ledger.ReadBacklogAsync(after, count, default)));
                break;
            case < 88:
                if (_connected) Cut();
                break;
            case < 92 when !_lossUnsaved:
                // A kill: the commit on its way is in the ledger or not.
                if (_commit is { } last && _random.Next(2) == 0) Note(last, Ask(_ledger.CommitAsync(last, default)));
                Start();
                break;
            case < 96:
                _broker.RefuseNext = _random.Next(3) == 0 ? (byte)0x97 : (byte)0x80;
                break;
        }

        _session.Tick(Now);
        if (_commit is null && (_commit = _session.BuildCommit(Now)) is not null && _lossUnsaved) _lossCommit ??= _commit;
        if (_commit is null) _lossUnsaved = false;
        Drain();
    }

    private void StepBroker()
    {
        if (_probed && _broker.Inbound.Count == 0)
        {
            _probed = false;
            _session.OnAlive(_connection, Now);
            return;
        }

        _broker.Step();
        if (_broker.HasClosed) Cut();
    }

    private void Connect()
    {
        var keep = !_session.NeedsCleanStart && !(_losesSessions && _random.Next(3) == 0);
        _broker.Connect(keep);
        if (!keep) (_lossUnsaved, _lossCommit) = (true, null);
        _connected = true;
        _session.OnConnected(new ConnectionInfo(++_connection, keep) { ReceiveMaximum = _broker.ReceiveMaximum }, Now);
    }

    private void Cut()
    {
        // What is on its way still arrives, up to a random point.
        for (var i = _random.Next(_broker.Inbound.Count + 1); i > 0; i--) _broker.Step();
        for (var i = _random.Next(_broker.Outbound.Count + 1); i > 0; i--) _session.OnAck(_connection, _broker.Outbound.Dequeue(), Now);
        Drain(lost: true);
        _connected = _probed = false;
        // What cuts a link looks like the peer's doing more often than not.
        var cause = _broker.HasClosed || _random.Next(4) > 0 ? LossCause.Peer : _random.Next(2) == 0 ? LossCause.Link : LossCause.Local;
        _session.OnConnectionLost(_connection, new ConnectionLoss(cause), Now);
    }

    private void Apply(LedgerCommit commit)
    {
        var result = Ask(_ledger.CommitAsync(commit, default));
        Note(commit, result);
        if (commit == _lossCommit) _lossUnsaved = false;
        _commit = _session.OnCommitted(result, Now);
    }

    private void Note(LedgerCommit commit, CommitResult result)
    {
        Assert.Equal(CommitStatus.Applied, result.Status);
        foreach (var append in commit.Appends) _accepted.Add(append.Record.Topic);
        // A crash after a confirm was stored leaves nobody to tell: the ledger is what counts.
        foreach (var confirm in commit.Confirms) Assert.True(confirm.Sequence > 0);
    }

    private void Drain(bool lost = false)
    {
        var outputs = _session.Outputs;
        if (_connected && !lost) foreach (var packet in outputs.Sends) _broker.Inbound.Enqueue(packet);
        _probed |= outputs.Probe && _connected && !lost;
        foreach (var completion in outputs.Completions)
        {
            if (completion.Kind != CompletionKind.Finished) continue;
            var isPoison = _broker.Poison.Contains(completion.Record.Topic);
            Assert.Equal(isPoison ? PublishOutcome.DeadLettered : PublishOutcome.Confirmed, completion.Outcome);
            if (!isPoison) Assert.Contains(completion.Record.Topic, _broker.Delivered);
            _finished.Add(completion.Record.Topic);
        }

        var recycle = outputs.Recycle is not null;
        outputs.Clear();
        if (recycle && _connected) Cut();
        if (_session.Pending == 0 && _commit is null && _published == _messages) _finished.UnionWith(_accepted);
    }

    private void Check()
    {
        Assert.Equal(_accepted.Count, _finished.Count);
        var counts = _broker.Delivered.GroupBy(t => t).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal([], _accepted.Except(counts.Keys).Except(_broker.Poison));
        var letters = Ask(_ledger.ListDeadLettersAsync(null, 100, default)).Items;
        Assert.Equal(_broker.Poison.Intersect(_accepted).Order(), letters.Select(letter => letter.Record.Topic).Order());
        Assert.All(letters, letter => Assert.Equal(DeadLetterCause.Poison, letter.Reason.Cause));
        Assert.Equal(0, _session.InFlight);
        if (_losesSessions) return;
        Assert.DoesNotContain(counts, c => c.Value > 1 && _broker.TopicsOfQos2.Contains(c.Key));
    }
}
