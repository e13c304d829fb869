using System.Globalization;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>A store that can be taken back to what it had before.</summary>
internal abstract class LosingStore
{
    /// <summary>A ledger object on it: another process.</summary>
    public abstract AckLedger NewLedger();

    /// <summary>Notes what it has; the answer takes it back there.</summary>
    public abstract Task<Func<Task>> SaveAsync();

    /// <summary>One of so many steps is a loss of writes.</summary>
    public virtual int LossesOneIn => 25;

    /// <summary>How slowly messages come in some of the runs: then the backlog is empty at times, and a run takes longer.</summary>
    public virtual int SlowestPace => 8;
}

/// <summary>
/// A session, a conforming broker, and a store that loses its latest writes again and again, also those of which the session has no answer yet; others accept meanwhile, some of
/// which live and some die; connections break, the broker refuses, and processes are killed while the store is whole. What the owner's memory had must not be lost, nor what a
/// living process has accepted, nothing may come twice at QoS 2, and no message id may read confirmed without a delivery.
/// </summary>
internal sealed class RollbackRun(int seed, LosingStore store, int messages, bool restores = true, bool names = true)
{
    private const int StepsAtMost = 100_000;
    private const string Dead = "dead";

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, MessageId> _accepted = [];
    private readonly HashSet<string> _sinceSave = [];
    private readonly HashSet<string> _read = [];
    private readonly HashSet<string> _lost = [];
    private readonly Dictionary<string, PublishOutcome> _ends = [];
    private readonly Dictionary<MessageId, string> _named = [];
    private readonly DateTimeOffset _start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private ModelBroker _broker = null!;
    private SessionSettings _settings = null!;
    private AckLedger _ledger = null!;
    private AckLedger _other = null!;
    private LedgerEpoch _epoch;
    private ulong _nonce;
    private PublishSession _session = null!;
    private LedgerCommit? _commit;
    private LedgerRestore? _restore;
    private IReadOnlyList<LedgerRecord>? _page;
    private bool _pageIsStale;
    private Func<Task>? _goBack;
    private int _savedAt;
    private bool _isSuspect;
    private bool _sessionUnsaved;
    private int _connection;
    private bool _connected;
    private bool _probed;
    private int _published;
    private int _steps;
    private int _pace;

    public int Losses { get; private set; }

    public int Restores { get; private set; }

    public int LostForeign => _lost.Count;

    private DateTimeOffset Now => _start.AddMilliseconds(50 * _steps);

    private bool IsSettled => _restore is null && !_isSuspect;

    public async Task ExecuteAsync()
    {
        try
        {
            _pace = _random.Next(1, store.SlowestPace);
            _broker = new ModelBroker(_random.Next(2) == 0, _random.Next(1, 8));
            _settings = new SessionSettings
            {
                MaxInFlight = _random.Next(1, 10),
                MaxBatch = _random.Next(1, 8),
                Prefetch = _random.Next(2, 10),
                MaxAttempts = 1000,
                Ordering = (PublishOrdering)_random.Next(2),
                RetryDelay = _ => TimeSpan.FromSeconds(_random.Next(3)),
                PoisonsHandshakes = seed % 2 == 0,
                RememberedBytes = _random.Next(3) == 0 ? _random.Next(1_000) : 8 << 20,
            };
            _other = store.NewLedger();
            await _other.OpenAsync(Options, default);
            await StartAsync();
            while (_published < messages) await StepAsync(faults: true);
            while (!IsDone()) await StepAsync(faults: false);
            await CheckAsync();
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Seed {seed}, step {_steps}, {Losses} losses: {error.Message}", error);
        }
        finally
        {
            if (_ledger is not null) await _ledger.DisposeAsync();
            await _other.DisposeAsync();
        }
    }

    private static LedgerOpenOptions Options => new() { PublisherId = "p", LeaseDuration = TimeSpan.FromMinutes(10) };

    private bool IsDone()
    {
        if (_steps > StepsAtMost) throw new InvalidOperationException($"it does not come to an end: {_session.Pending} pending, {_session.InFlight} in flight");
        return _session.Pending == 0 && _session.Unanswered == 0 && _commit is null && IsSettled;
    }

    private async Task StartAsync()
    {
        if (_ledger is not null)
        {
            await AskAsync(async () => { await _ledger.ReleaseAsync(_epoch, default); return 0; });
            await _ledger.DisposeAsync();
        }

        _ledger = store.NewLedger();
        await _ledger.OpenAsync(Options, default);

        // A loss may take the acquisition too, but nothing of the owner before, who is dead.
        await SaveAsync(keep: _random.Next(2) == 0);
        _epoch = (await AskAsync(async () => await _ledger.AcquireAsync(default))).Epoch!.Value;
        await RecoverAsync();
    }

    private async Task RecoverAsync()
    {
        var recovered = await AskAsync(async () => await _ledger.RecoverAsync(_epoch, default));
        _nonce = recovered.LedgerNonce;
        _session = new PublishSession(_settings, _epoch, recovered);
        (_commit, _restore, _page, _pageIsStale, _connected, _isSuspect) = (null, null, null, false, false, false);
        _read.Clear();
    }

    private async Task StepAsync(bool faults)
    {
        _steps++;
        if (_goBack is not null && _steps - _savedAt > 120) _goBack = null; // What is older than six seconds is not lost.
        var dice = _random.Next(faults ? 100 : 70);
        if (!_connected && dice < 90) dice = _random.Next(3) == 0 ? 55 : dice;
        switch (dice)
        {
            case < 8 when faults:
                if (_random.Next(_pace) == 0) Publish();
                break;
            case < 12 when faults:
                if (_random.Next(_pace) == 0) await AcceptAsync();
                break;
            case < 28:
                if (_connected) StepBroker();
                break;
            case < 42:
                if (_connected && _broker.Outbound.TryDequeue(out var ack)) _session.OnAck(_connection, ack, Now);
                break;
            case < 52:
                await AnswerAsync();
                break;
            case < 58:
                if (!_connected) Connect();
                break;
            case < 66:
                await ReadAsync();
                break;
            case < 70:
                await RenewAsync();
                break;
            case < 76:
                if (_connected) Cut();
                break;
            case < 78 when IsSettled && !_sessionUnsaved:
                await KillAsync();
                break;
            case < 82:
                _broker.RefuseNext = _random.Next(4) switch { 0 => 0x97, 1 => 0x87, _ => 0x80 };
                break;
            case < 86 when IsSettled:
                await SaveAsync(keep: true);
                break;
            case < 90:
                PublishAgain();
                break;
            case < 96:
                await FindAsync();
                break;
        }

        if (faults && _goBack is not null && _random.Next(store.LossesOneIn) == 0) await LoseAsync();
        Turn();
    }

    private void Turn()
    {
        _session.Tick(Now);
        Drain();
        if (_commit is null)
        {
            _commit = _session.BuildCommit(Now);
            if (_commit is null) _sessionUnsaved = false;
        }

        Drain();
    }

    private void Publish()
    {
        var topic = $"{_published++}";
        var id = _random.Next(3) == 0 ? new MessageId($"id-{topic}") : default;
        if (!id.IsEmpty) _named[id] = topic;
        _session.Enqueue(Record(topic, id), null);
    }

    private LedgerRecord Record(string topic, MessageId id) => new()
    {
        Topic = topic,
        QualityOfService = (MqttQualityOfServiceLevel)_random.Next(1, 3),
        MessageId = id,
        AcceptedAt = Now,
        ExpiresAt = _random.Next(12) == 0 ? Now.AddSeconds(_random.Next(4)) : null,
    };

    /// <summary>The same id once more: it must never be stored twice.</summary>
    private void PublishAgain()
    {
        var known = _named.Where(pair => _accepted.ContainsKey(pair.Value) && !_lost.Contains(pair.Value)).ToList();
        if (known.Count == 0) return;
        _session.Enqueue(Record($"again-{_steps}", known[_random.Next(known.Count)].Key) with { ExpiresAt = null }, null);
    }

    /// <summary>Good only when the first one is lost.</summary>
    private void AcceptedAgain(string topic, MessageId id)
    {
        Assert.True(_lost.Contains(_named[id]), $"id {id} was stored a second time");
        _accepted.Remove(_named[id]);
        _named[id] = topic;
    }

    private async Task AcceptAsync()
    {
        if (_isSuspect || _restore is not null) return;
        // One that dies takes with it what the store loses.
        var dies = _random.Next(4) == 0;
        LedgerRecord[] records = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(i => Record($"{(dies ? Dead : "foreign")}-{_steps}-{i}", default))];
        var acceptor = dies ? store.NewLedger() : _other;
        if (dies) await acceptor.OpenAsync(Options, default);
        var answers = await AskAsync(async () => await acceptor.AcceptAsync(records, default));
        if (dies) await acceptor.DisposeAsync();
        for (var i = 0; i < records.Length; i++)
        {
            _accepted[records[i].Topic] = answers[i].MessageId;
            _sinceSave.Add(records[i].Topic);
        }

    }

    /// <summary>The ledger answers what it was asked.</summary>
    private async Task AnswerAsync()
    {
        if (_restore is { } restore)
        {
            var result = await AskAsync(async () => await _ledger.RestoreAsync(restore, default));
            Assert.Equal(RestoreStatus.Restored, result.Status);
            _session.OnRestored(result);
            // Whoever lives has it back at once, so that a run is the same each time.
            await AskAsync(async () => await _other.FindAsync([.. _accepted.Where(pair => _sinceSave.Contains(pair.Key)).Select(pair => pair.Value)], default));
            (_restore, _isSuspect) = (null, false);
            Restores++;
        }
        else if (_commit is { } commit)
        {
            var result = await AskAsync(async () => await _ledger.CommitAsync(commit, default));
            _commit = _session.OnCommitted(result, Now);
            if (result.Status == CommitStatus.RolledBack) await OnLossFoundAsync();
            else if (result.Status != CommitStatus.KnownIds)
            {
                if (_isSuspect) await OnNothingOfTheOwnersLostAsync();
                _isSuspect = false;
            }
        }
    }

    /// <summary>A page is read in one step and comes in a later one.</summary>
    private async Task ReadAsync()
    {
        if (_page is { } page)
        {
            if (!_pageIsStale) _read.UnionWith(page.Select(record => record.Topic));
            (_page, _pageIsStale) = (null, false);
            _session.OnBacklog(page);
        }
        else if (_session.TryBeginRead(out var after, out var count))
            _page = await AskAsync(async () => await _ledger.ReadBacklogAsync(after, count, default));
    }

    private async Task RenewAsync()
    {
        var renewal = await AskAsync(async () => await _ledger.RenewAsync(_epoch, default));
        _session.OnLost(renewal.Lost);
        if (renewal.Status == LeaseStatus.RolledBack)
        {
            if (_session.IsCommitting || _session.IsRestoring) return;
            _session.OnRolledBack();
            await OnLossFoundAsync();
            return;
        }

        Assert.Equal(LeaseStatus.Held, renewal.Status);
        if (_isSuspect) await OnNothingOfTheOwnersLostAsync();
        _session.OnBacklogCount((await AskAsync(async () => await _ledger.GetStatisticsAsync(default))).Backlog);
    }

    private async Task OnLossFoundAsync()
    {
        _commit = null;
        if (!restores)
        {
            // As if memory counted for nothing: begin anew from what is left.
            _epoch = (await AskAsync(async () => await _ledger.AcquireAsync(default))).Epoch!.Value;
            await RecoverAsync();
            return;
        }

        var memory = _restore = _session.Outputs.Restore! with { Taken = names ? _session.Outputs.Restore!.Taken : [] };
        _pageIsStale = _page is not null;
        var held = memory.InFlight.Select(entry => entry.Record).Concat(memory.Backlog).Select(record => record.Topic).ToHashSet();
        foreach (var topic in _sinceSave.Where(topic => !held.Contains(topic) && !_ends.ContainsKey(topic))) Lose(topic);
    }

    /// <summary>What others had got in is gone all the same, where the owner had not read it.</summary>
    private async Task OnNothingOfTheOwnersLostAsync()
    {
        _isSuspect = false;
        string[] topics = [.. _sinceSave];
        var found = await AskAsync(async () => await _other.FindAsync([.. topics.Select(topic => _accepted[topic])], default));
        for (var i = 0; i < topics.Length; i++)
            if (found[i].Status == LedgerStatus.Unknown) Lose(topics[i]);
    }

    private void Lose(string topic)
    {
        if (topic.StartsWith("foreign", StringComparison.Ordinal)) return;
        Assert.False(_read.Contains(topic), $"{topic} was in the owner's memory and is lost");
        _lost.Add(topic);
    }

    private async Task SaveAsync(bool keep)
    {
        _goBack = keep ? await store.SaveAsync() : null;
        _savedAt = _steps;
        _sinceSave.Clear();
    }

    private async Task LoseAsync()
    {
        // What was on its way may have been applied before, and be lost with the rest.
        if (_commit is { } commit && _random.Next(2) == 0) await AskAsync(async () => await _ledger.CommitAsync(commit, default));
        if (_restore is { } restore && _random.Next(2) == 0) await AskAsync(async () => await _ledger.RestoreAsync(restore, default));
        Losses++;
        _isSuspect = true;
        await _goBack!();
    }

    private async Task KillAsync()
    {
        if (_commit is { } last && _random.Next(2) == 0)
        {
            var result = await AskAsync(async () => await _ledger.CommitAsync(last, default));
            if (result.Status == CommitStatus.Applied)
                for (var i = 0; i < last.Appends.Count; i++)
                {
                    var record = last.Appends[i].Record;
                    if (record.Topic.StartsWith("again", StringComparison.Ordinal)) AcceptedAgain(record.Topic, record.MessageId);
                    _accepted[record.Topic] = result.FirstMoved == 0 || record.HasApplicationId ? record.MessageId : MessageId.ForSequence(_nonce, result.FirstMoved + i);
                }
        }

        await StartAsync();
    }

    private void Connect()
    {
        var keep = !_session.NeedsCleanStart;
        _broker.Connect(keep);
        if (!keep) _sessionUnsaved = true;
        _connected = true;
        _session.OnConnected(new ConnectionInfo(++_connection, keep) { ReceiveMaximum = _broker.ReceiveMaximum }, Now);
    }

    private void StepBroker()
    {
        if (_probed && _broker.Inbound.Count == 0) _session.OnAlive(_connection, Now);
        else _broker.Step();
        _probed &= _broker.Inbound.Count > 0;
    }

    private void Cut()
    {
        for (var i = _random.Next(_broker.Inbound.Count + 1); i > 0; i--) _broker.Step();
        for (var i = _random.Next(_broker.Outbound.Count + 1); i > 0; i--) _session.OnAck(_connection, _broker.Outbound.Dequeue(), Now);
        Drain(lost: true);
        _connected = _probed = false;
        _session.OnConnectionLost(_connection, new ConnectionLoss((LossCause)_random.Next(3)), Now);
    }

    private void Drain(bool lost = false)
    {
        var outputs = _session.Outputs;
        if (_restore is not null) Assert.Empty(outputs.Sends);
        if (_connected && !lost) foreach (var packet in outputs.Sends) _broker.Inbound.Enqueue(packet);
        _probed |= outputs.Probe && _connected && !lost;
        foreach (var completion in outputs.Completions)
        {
            var topic = completion.Record.Topic;
            if (completion.Kind == CompletionKind.Accepted)
            {
                if (topic.StartsWith("again", StringComparison.Ordinal)) AcceptedAgain(topic, completion.Record.MessageId);
                _accepted[topic] = completion.Record.MessageId;
                // Behind the part of the backlog that is in memory its own messages are remembered only for a while.
                if (_settings.RememberedBytes < 1_000) _sinceSave.Add(topic);
            }

            if (completion.Kind != CompletionKind.Finished) continue;
            if (completion.Outcome == PublishOutcome.Confirmed) Assert.Contains(topic, _broker.Delivered);
            _ends[topic] = completion.Outcome;
        }

        Assert.Null(outputs.Stopped);
        var recycle = outputs.Recycle is not null;
        outputs.Clear();
        if (recycle && _connected) Cut();
    }

    /// <summary>What the ledger says of message ids, asked by another process.</summary>
    private async Task FindAsync()
    {
        var asked = _accepted.TakeLast(80).ToList();
        if (asked.Count == 0 || (!IsSettled)) return;
        var answers = await AskAsync(async () => await _other.FindAsync([.. asked.Select(pair => pair.Value)], default));
        for (var i = 0; i < asked.Count; i++) CheckStatus(asked[i].Key, answers[i]);
    }

    private void CheckStatus(string topic, StatusAnswer answer)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{topic}: {answer}, end {(_ends.TryGetValue(topic, out var end) ? end : null)}");
        if (answer.Status == LedgerStatus.Confirmed) Assert.True(_broker.Delivered.Contains(topic) && !_lost.Contains(topic), text);
        if (!IsSettled) return;
        if (_lost.Contains(topic)) Assert.True(answer.Status == LedgerStatus.Unknown, text);
        else Assert.True(answer.Status != LedgerStatus.Unknown, text);
        // A resend at QoS 1 may be refused although the first one was taken.
        if (answer.Status is LedgerStatus.DeadLettered or LedgerStatus.Expired && _broker.TopicsOfQos2.Contains(topic)) Assert.False(_broker.Delivered.Contains(topic), text);
    }

    private async Task CheckAsync()
    {
        await FindAsync();
        var counts = _broker.Delivered.GroupBy(topic => topic).ToDictionary(group => group.Key, group => group.Count());
        var missing = _accepted.Where(pair => !counts.ContainsKey(pair.Key) && !_lost.Contains(pair.Key)).ToList();
        var found = await AskAsync(async () => await _other.FindAsync([.. missing.Select(pair => pair.Value)], default));
        Assert.Equal([], missing.Where((_, i) => found[i].Status is not (LedgerStatus.DeadLettered or LedgerStatus.Expired)).Select(pair => pair.Key));
        Assert.Equal([], counts.Where(count => count.Value > 1 && _broker.TopicsOfQos2.Contains(count.Key)).Select(count => count.Key));
        if (_settings.RememberedBytes >= 1_000) Assert.Equal([], _lost.Where(topic => !topic.StartsWith(Dead, StringComparison.Ordinal)));
        Assert.Equal([], counts.Keys.Intersect(_lost));
        var left = await AskAsync(async () => await _ledger.GetStatisticsAsync(default));
        Assert.Equal((0, 0, 0), (left.Backlog, left.InFlight, left.PendingBytes));
    }

    // As the dispatcher does: the same call again until there is an answer.
    private static async Task<T> AskAsync<T>(Func<Task<T>> call)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (LedgerUnavailableException) when (attempt < 200)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }
    }
}
