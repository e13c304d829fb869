using System.Globalization;
using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Tests.Ledger;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>An owner that makes random commits and knows what the ledger must hold after each of them.</summary>
internal sealed class RedisKillRun(Random random, AckLedger first, AckLedger second, AckLedger stranger)
{
    private readonly List<LedgerRecord> _backlog = [];
    private readonly SortedDictionary<ushort, (LedgerRecord Record, bool Released)> _inflight = [];
    private readonly List<string> _dead = [];
    private readonly Dictionary<MessageId, LedgerStatus> _outcomes = [];
    private readonly List<LedgerCommit> _sent = [];
    private readonly List<Task> _replays = [];
    private LedgerEpoch _epoch;
    private ulong _nonce;
    private long _operation;
    private long _tail;
    private long _lowestTold;
    private long _releases;
    private int _names;

    public int Repeated { get; private set; }

    public int Confirmed { get; private set; }

    public int Buried { get; private set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task AcquireAsync()
    {
        var grant = await AskAsync(async () => await first.AcquireAsync(Cancel));
        _epoch = Assert.NotNull(grant.Epoch);
        var state = await AskAsync(async () => await first.RecoverAsync(_epoch, Cancel));
        (_operation, _tail, _nonce) = (state.LastOperation, state.Tail, state.LedgerNonce);
    }

    /// <summary>Keeps the lease, and verifies the server after each of its restarts, so that the stranger may accept.</summary>
    public async Task RenewAsync(CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            // False now and then: a step is just acquiring the next epoch.
            var epoch = _epoch;
            await AskAsync(async () => await first.RenewAsync(epoch, Cancel));
            await Task.Delay(TimeSpan.FromMilliseconds(50), Cancel);
        }
    }

    public async Task StepAsync()
    {
        var dice = random.Next(100);
        if (dice < 15) await AcceptAsync();
        else if (dice < 17) await AcquireAsync();
        else await CommitAsync();
        if (random.Next(10) == 0 && _sent.Count > 0) _replays.Add(ReplayAsync(_sent[random.Next(_sent.Count)], random.Next(300)));
    }

    /// <summary>The ledger against what it must hold.</summary>
    public async Task CompareAsync()
    {
        await Task.WhenAll(_replays);
        await AcquireAsync();
        var state = await first.RecoverAsync(_epoch, Cancel);
        Assert.Equal(
            _inflight.Select(entry => $"{entry.Key} {LedgerOwner.Describe(entry.Value.Record)} {entry.Value.Released}"),
            state.InFlight.OrderBy(entry => entry.PacketId).Select(entry => $"{entry.PacketId} {LedgerOwner.Describe(entry.Record)} {entry.State.Stage == InflightStage.Released}"));
        Assert.Equal(_backlog.Select(LedgerOwner.Describe), (await first.ReadBacklogAsync(0, 100_000, Cancel)).Select(LedgerOwner.Describe));
        var dead = new List<string>();
        for (string? from = null, more = ""; more is not null; from = more)
        {
            var page = await first.ListDeadLettersAsync(from, 100, Cancel);
            dead.AddRange(page.Items.Select(letter => Text(letter.Record)));
            more = page.Continuation;
        }

        Assert.Equal(_dead, dead);
        var counts = await first.GetStatisticsAsync(Cancel);
        Assert.Equal((_backlog.Count, _inflight.Count, _dead.Count, 0), (counts.Backlog, counts.InFlight, counts.DeadLetters, counts.Quarantined));
        Assert.Equal(_backlog.Concat(_inflight.Values.Select(entry => entry.Record)).Sum(record => (long)RecordCodec.Measure(record)), counts.PendingBytes);

        var answers = await stranger.FindAsync([.. _outcomes.Keys], Cancel);
        Assert.All(answers, answer => Assert.True(
            answer.Status == _outcomes[answer.MessageId]
            // Above the lowest unfinished sequence that the last commit told, a confirmed automatic id may still read as pending.
            || (answer is { Status: LedgerStatus.Pending, MessageId.IsAutomatic: true } && _outcomes[answer.MessageId] == LedgerStatus.Confirmed && answer.Sequence >= _lowestTold),
            $"{answer} should be {_outcomes[answer.MessageId]}"));
    }

    private async Task AcceptAsync()
    {
        LedgerRecord[] records = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => NewMessage())];
        var ledger = random.Next(2) == 0 ? first : stranger;
        var answers = await AskAsync(async () => await ledger.AcceptAsync(records, Cancel));
        for (var i = 0; i < records.Length; i++)
        {
            Assert.Equal(AcceptStatus.Accepted, answers[i].Status);
            Keep(records[i] with { Sequence = answers[i].Sequence, MessageId = answers[i].MessageId, Acceptor = 1 }, null);
        }

        // Sometimes the owner has seen it, sometimes not.
        if (random.Next(2) == 0) _tail = Math.Max(_tail, answers[^1].Sequence);
    }

    private async Task CommitAsync()
    {
        var commit = MakeCommit();
        var copy = second.CommitAsync(commit, Cancel).AsTask();
        var results = await Task.WhenAll(AskAsync(async () => await first.CommitAsync(commit, Cancel)), AskAsync(copy, async () => await second.CommitAsync(commit, Cancel)));
        Assert.Equal(CommitStatus.Applied, results[0].Status);
        Assert.Equal(results[0] with { Known = [] }, results[1] with { Known = [] });
        _sent.Add(commit);
        Apply(commit, results[0]);
    }

    private LedgerCommit MakeCommit()
    {
        var entries = _inflight.OrderBy(_ => random.Next()).ToList();
        var free = new Queue<ushort>(Enumerable.Range(1, 60).Select(i => (ushort)i).Where(id => !_inflight.ContainsKey(id)));
        var confirms = entries.Take(random.Next(6)).ToList();
        var dead = entries.Skip(confirms.Count).Take(random.Next(8) == 0 ? 2 : 0).ToList();
        var releases = entries.Skip(confirms.Count + dead.Count).Where(entry => !entry.Value.Released && entry.Value.Record.QualityOfService == MqttQualityOfServiceLevel.ExactlyOnce).Take(4);
        var drops = _backlog.Take(random.Next(10) == 0 ? 1 : 0).ToList();
        var assigns = _backlog.Skip(drops.Count).Take(Math.Min(random.Next(8), free.Count)).Select(record => new AssignOp(record.Sequence, new PacketId(free.Dequeue()))).ToList();
        var isEmptied = drops.Count + assigns.Count == _backlog.Count;
        var appends = Enumerable.Range(0, random.Next(5)).Select(i => NewMessage() is var record ? new AppendOp(
            record with { Sequence = _tail + 1 + i, MessageId = record.MessageId.IsEmpty ? MessageId.ForSequence(_nonce, _tail + 1 + i) : record.MessageId },
            isEmptied && i < 2 && free.Count > 0 ? new PacketId(free.Dequeue()) : null) : default).ToList();
        return new LedgerCommit
        {
            Epoch = _epoch,
            Operation = _operation + 1,
            ExpectedTail = _tail,
            At = DateTimeOffset.UtcNow,
            LowestUnfinished = Math.Min(LowestUnfinished(), _tail + 1),
            Confirms = [.. confirms.Select(entry => LedgerOwner.Confirm(entry.Value.Record, entry.Key))],
            DeadLetters = [.. dead.Select(entry => LedgerOwner.Dead(entry.Value.Record, entry.Key))],
            Releases = [.. releases.Select(entry => new ReleaseOp(new PacketId(entry.Key), ++_releases))],
            Drops = [.. drops.Select(record => new DropOp(record.Sequence, record.MessageId, null))],
            Assigns = assigns,
            Appends = appends,
        };
    }

    private void Apply(LedgerCommit commit, CommitResult result)
    {
        foreach (var op in commit.Confirms) End(op.PacketId, LedgerStatus.Confirmed);
        foreach (var op in commit.Releases) _inflight[op.PacketId.Value] = (_inflight[op.PacketId.Value].Record, true);
        foreach (var op in commit.DeadLetters) _dead.Add(Text(End(op.PacketId, LedgerStatus.DeadLettered)));
        foreach (var op in commit.Drops) _outcomes[op.MessageId] = LedgerStatus.Expired;
        foreach (var op in commit.Assigns) _inflight[op.PacketId.Value] = (_backlog.Single(record => record.Sequence == op.Sequence), false);
        _backlog.RemoveRange(0, commit.Drops.Count + commit.Assigns.Count);
        for (var i = 0; i < commit.Appends.Count; i++)
        {
            var (record, packetId) = commit.Appends[i];
            if (result.FirstMoved == 0) Keep(record, packetId);
            else
            {
                var sequence = result.FirstMoved + i;
                Keep(record with { Sequence = sequence, MessageId = record.HasApplicationId ? record.MessageId : MessageId.ForSequence(_nonce, sequence) }, null);
            }
        }

        Confirmed += commit.Confirms.Count;
        Buried += commit.DeadLetters.Count;
        (_operation, _tail, _lowestTold) = (commit.Operation, result.Tail, commit.LowestUnfinished);
    }

    private LedgerRecord End(PacketId packetId, LedgerStatus status)
    {
        _inflight.Remove(packetId.Value, out var entry);
        _outcomes[entry.Record.MessageId] = status;
        return entry.Record;
    }

    private void Keep(LedgerRecord record, PacketId? packetId)
    {
        _outcomes[record.MessageId] = LedgerStatus.Pending;
        if (packetId is { } id) _inflight[id.Value] = (record, false);
        else _backlog.Add(record);
    }

    private long LowestUnfinished() =>
        _backlog.Select(record => record.Sequence).Concat(_inflight.Values.Select(entry => entry.Record.Sequence)).DefaultIfEmpty(_tail + 1).Min();

    private async Task ReplayAsync(LedgerCommit commit, int milliseconds)
    {
        await Task.Delay(milliseconds, Cancel);
        var result = await AskAsync(async () => await stranger.CommitAsync(commit, Cancel));
        Assert.True(result.Status is CommitStatus.Applied or CommitStatus.Fenced, result.ToString());
        Repeated++;
    }

    // As the dispatcher does: the same call again until there is an answer.
    private static async Task<T> AskAsync<T>(Func<Task<T>> call)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (LedgerUnavailableException)
            {
                await Task.Delay(20, Cancel);
            }
        }
    }

    private static async Task<T> AskAsync<T>(Task<T> begun, Func<Task<T>> again)
    {
        try
        {
            return await begun;
        }
        catch (LedgerUnavailableException)
        {
            return await AskAsync(again);
        }
    }

    private LedgerRecord NewMessage()
    {
        var name = (++_names).ToString(CultureInfo.InvariantCulture);
        return new LedgerRecord
        {
            Topic = "t",
            Payload = Encoding.UTF8.GetBytes(name),
            QualityOfService = (MqttQualityOfServiceLevel)random.Next(1, 3),
            MessageId = random.Next(3) == 0 ? new MessageId($"id-{name}") : default,
            AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_000 + _names),
        };
    }

    private static string Text(LedgerRecord record) => Encoding.UTF8.GetString(record.Payload.Span);
}
