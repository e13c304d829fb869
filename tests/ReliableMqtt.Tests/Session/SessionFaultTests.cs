using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>
/// The session, a ledger and a conforming broker under random cuts, crashes (with the commit on its way applied or not), late commits and
/// refusals: nothing accepted is lost, nothing arrives twice at QoS 2 while the broker keeps the session. In the runs with poison the broker ends
/// the connection over some messages: those and no others become dead letters, however the link behaves.
/// </summary>
public class SessionFaultTests
{
    private const int Messages = 60;

    public static IEnumerable<TheoryDataRow<int>> Seeds()
    {
        var first = Environment.GetEnvironmentVariable("RELIABLEMQTT_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        return Enumerable.Range(0, 8).Select(i => new TheoryDataRow<int>(first + (i * 1000)));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    [Conformance(3, 6, 12, 16, 23)]
    public void Nothing_is_lost_and_qos2_arrives_once_while_the_session_lives(int seed)
    {
        for (var i = 0; i < 100; i++) Execute(seed + i, losesSessions: false);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    [Conformance(36)]
    public void Poison_and_nothing_else_becomes_a_dead_letter(int seed)
    {
        for (var i = 0; i < 40; i++) Execute(seed + i, losesSessions: i % 4 == 0, poison: 1 + (i % 5));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Nothing_is_lost_when_the_broker_forgets_sessions(int seed)
    {
        for (var i = 0; i < 100; i++) Execute(seed + i, losesSessions: true);
    }

    private static void Execute(int seed, bool losesSessions, int poison = 0)
    {
        using var run = new Run(seed, losesSessions, poison);
        run.Execute();
    }

    private sealed class Run : IDisposable
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly bool _losesSessions;
        private readonly ModelBroker _broker;
        private readonly SessionSettings _settings;
        private readonly InMemoryLedgerStore _store = new();
        private readonly HashSet<string> _accepted = [];
        private readonly HashSet<string> _finished = [];
        private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        private InMemoryAckLedger _ledger = null!;
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

        public Run(int seed, bool losesSessions, int poison)
        {
            (_seed, _random, _losesSessions) = (seed, new Random(seed), losesSessions);
            _broker = new ModelBroker(_random.Next(2) == 0, _random.Next(1, 8)) { DiesAtPubrel = poison > 0 && _random.Next(2) == 0 };
            while (_broker.Poison.Count < poison) _broker.Poison.Add($"{_random.Next(Messages)}");
            _settings = new SessionSettings
            {
                MaxInFlight = _random.Next(1, 10),
                MaxBatch = _random.Next(1, 8),
                Prefetch = _random.Next(2, 10),
                MaxAttempts = 1000,
                Ordering = (PublishOrdering)_random.Next(2),
                RetryDelay = _ => TimeSpan.FromSeconds(_random.Next(3)),
            };
            Start();
        }

        public void Dispose() => _ = _ledger.DisposeAsync().AsTask();

        private DateTimeOffset Now => _start.AddMilliseconds(50 * _steps);

        public void Execute()
        {
            try
            {
                while (_published < Messages) Step(faults: true);
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
            _ledger = new InMemoryAckLedger(_store);
            _ = _ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p" }, default).Result;
            if (_epoch != default) _ = _ledger.ReleaseAsync(_epoch, default).AsTask().IsCompleted;
            _epoch = _ledger.AcquireAsync(default).Result.Epoch!.Value;
            _session = new PublishSession(_settings, _epoch, _ledger.RecoverAsync(_epoch, default).Result);
            _commit = null;
            _connected = false;
        }

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
                    if (_session.TryBeginRead(out var after, out var count)) _session.OnBacklog(_ledger.ReadBacklogAsync(after, count, default).Result);
                    break;
                case < 88:
                    if (_connected) Cut();
                    break;
                case < 92 when !_lossUnsaved:
                    // A kill: the commit on its way is in the ledger or not.
                    if (_commit is { } last && _random.Next(2) == 0) Note(last, _ledger.CommitAsync(last, default).Result);
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
            var result = _ledger.CommitAsync(commit, default).Result;
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
            if (_session.Pending == 0 && _commit is null && _published == Messages) _finished.UnionWith(_accepted);
        }

        private void Check()
        {
            Assert.Equal(_accepted.Count, _finished.Count);
            var counts = _broker.Delivered.GroupBy(t => t).ToDictionary(g => g.Key, g => g.Count());
            Assert.Equal([], _accepted.Except(counts.Keys).Except(_broker.Poison));
            var letters = _ledger.ListDeadLettersAsync(null, 100, default).Result.Items;
            Assert.Equal(_broker.Poison.Intersect(_accepted).Order(), letters.Select(letter => letter.Record.Topic).Order());
            Assert.All(letters, letter => Assert.Equal(DeadLetterCause.Poison, letter.Reason.Cause));
            Assert.Equal(0, _session.InFlight);
            if (_losesSessions) return;
            Assert.DoesNotContain(counts, c => c.Value > 1 && _broker.TopicsOfQos2.Contains(c.Key));
        }
    }
}
