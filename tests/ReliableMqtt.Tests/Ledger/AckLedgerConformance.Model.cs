using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Ledger;

// Random operations of three processes, each answer compared with a model's.
public abstract partial class AckLedgerConformance
{
    /// <summary>How many random operations one run makes.</summary>
    protected virtual int ModelSteps => 4_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)] // another one each time
    public async Task Random_operations_are_answered_as_a_model_answers_them(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next(3, int.MaxValue);
        Options = Options with { MaxPending = 30, MaxDeadLetters = 8, DeduplicationWindow = TimeSpan.FromDays(30) };
        var run = new ModelRun(this, new Random(seed), await OpenAsync(), await OpenAsync(), await OpenAsync());
        await run.StartAsync();
        HashSet<LedgerStatus> outcomes = [];
        for (var step = 1; step <= ModelSteps; step++)
        {
            try
            {
                await run.StepAsync();
                if (step % 20 != 0) continue;
                await run.CompareAllAsync();
                outcomes.UnionWith(run.Model.Outcomes.Values.Select(outcome => outcome.Status));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Seed {seed}, step {step} ({run.Doing}): {e.Message}", e);
            }
        }

        // A run that never gets anywhere would prove nothing.
        Assert.All(Enum.GetValues<LedgerStatus>().Except([LedgerStatus.Unknown]), status => Assert.Contains(status, outcomes));
        Assert.All(Enum.GetValues<CommitStatus>(), status => Assert.Contains(status, run.Seen));
        Assert.True(run.Refused > 20 && run.Moved > 20, $"seed {seed}: {run.Refused} commits refused, {run.Moved} moved");
    }

    private sealed partial class ModelRun(AckLedgerConformance suite, Random random, params AckLedger[] ledgers)
    {
        private readonly List<LedgerOwner> _stale = [];
        private readonly List<LedgerCommit> _sent = [];
        private LedgerOwner _owner = null!;
        private int _names;

        public LedgerModel Model { get; private set; } = null!;

        public string Doing { get; private set; } = "start";

        public HashSet<CommitStatus> Seen { get; } = [];

        public int Refused { get; private set; }

        public int Moved { get; private set; }

        public async Task StartAsync()
        {
            _owner = await suite.AcquireAsync(ledgers[0]);
            Model = new LedgerModel(_owner.Nonce, suite.Options);
        }

        public Task StepAsync()
        {
            var dice = random.Next(100);
            (Doing, var step) = dice switch
            {
                < 55 => ("commit", CommitAsync(MakeCommit())),
                < 75 => ("accept", AcceptAsync()),
                < 79 => ("commit again", AgainAsync()),
                < 82 => ("operation gap", CommitAsync(MakeCommit() with { Operation = _owner.Operation + 2 })),
                < 85 => ("stale commit", StaleAsync()),
                < 90 => ("replay", ReplayAsync()),
                < 93 => ("purge", PurgeAsync()),
                < 95 => ("take over", TakeOverAsync()),
                _ => ("find", FindAsync()),
            };
            return step;
        }

        public async Task CompareAllAsync()
        {
            Doing = "compare all";
            var text = await _owner.DescribeAsync();
            var lines = text.Split('\n')[..^1].Select(line => line.StartsWith("dead ", StringComparison.Ordinal) ? line[..line.LastIndexOf(' ')] : line);
            Assert.Equal(Model.Describe().ReplaceLineEndings("\n").TrimEnd('\n'), string.Join('\n', lines));
            var counts = await Any().GetStatisticsAsync(Cancel);
            Assert.Equal((Model.Backlog.Count, Model.InFlight.Count, Model.Dead.Count, Model.Totals), (counts.Backlog, counts.InFlight, counts.DeadLetters, counts.Totals));
            await FindAsync();
        }

        private AckLedger Any() => ledgers[random.Next(ledgers.Length)];

        private async Task AcceptAsync()
        {
            LedgerRecord[] records = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => NewMessage())];
            var actual = await Any().AcceptAsync(records, Cancel);
            Assert.Equal(Model.Accept(records), actual.Select(answer => answer with { Existing = answer.Existing is { } e ? new StatusAnswer(e.MessageId, e.Status, e.Sequence) : null }));
        }

        private async Task CommitAsync(LedgerCommit commit)
        {
            var before = Model;
            CommitResult expected;
            try
            {
                (expected, Model) = before.Commit(commit);
            }
            catch (InvalidOperationException)
            {
                Refused++;
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await _owner.Ledger.CommitAsync(commit, Cancel));
                return;
            }

            commit = commit with { LowestUnfinished = Math.Min(Model.LowestUnfinished, commit.ExpectedTail + 1) };
            var actual = await _owner.Ledger.CommitAsync(commit, Cancel);
            Seen.Add(actual.Status);
            Assert.Equal(expected.Status, actual.Status);
            Assert.Equal(expected.Known.Select(known => known.Index), actual.Known.Select(known => known.Index));
            if (actual.Status is not (CommitStatus.Applied or CommitStatus.AppendsRefused)) return;
            Assert.Equal((expected.Tail, expected.BacklogCount, expected.FirstMoved), (actual.Tail, actual.BacklogCount, actual.FirstMoved));
            if (commit.Operation <= _owner.Operation) return;
            if (actual.FirstMoved > 0) Moved++;
            (_owner.Operation, _owner.Tail) = (commit.Operation, actual.Tail);
            _sent.Add(commit);
        }

        private Task AgainAsync() => _sent.Count == 0 ? Task.CompletedTask : CommitAsync(random.Next(2) == 0 ? _sent[^1] : _sent[random.Next(_sent.Count)]);

        private async Task StaleAsync()
        {
            if (_stale.Count == 0) return;
            var old = _stale[random.Next(_stale.Count)];
            var result = await Any().CommitAsync(MakeCommit() with { Epoch = old.Epoch }, Cancel);
            Seen.Add(result.Status);
            Assert.Equal(CommitStatus.Fenced, result.Status);
            Assert.Equal(LeaseStatus.Fenced, (await Any().RenewAsync(old.Epoch, Cancel)).Status);
        }

        private async Task ReplayAsync()
        {
            var id = AnyId();
            var expected = Model.Replay(id);
            var actual = await Any().ReplayAsync(id, Cancel);
            Assert.Equal((expected, expected == ReplayStatus.Replayed ? Model.Tail : 0), (actual.Status, actual.Sequence));
        }

        private async Task PurgeAsync()
        {
            var id = AnyId();
            Assert.Equal(Model.Purge(id), await Any().PurgeAsync(id, Cancel));
        }

        private async Task TakeOverAsync()
        {
            if (random.Next(3) > 0 || suite.Clock is not FakeTimeProvider fake) await _owner.Ledger.ReleaseAsync(_owner.Epoch, Cancel);
            else fake.Advance(suite.Options.LeaseDuration * 1.1);
            _stale.Add(_owner);
            _sent.Clear();
            _owner = await suite.AcquireAsync(Any());
            Model.NewEpoch();
        }

        private async Task FindAsync()
        {
            MessageId[] ids = [.. Enumerable.Range(0, 40).Select(_ => AnyId()), .. Model.Outcomes.Keys.TakeLast(60), "nobody"];
            var answers = await Any().FindAsync(ids, Cancel);
            for (var i = 0; i < ids.Length; i++)
            {
                var expected = Model.Outcomes.GetValueOrDefault(ids[i], (LedgerStatus.Unknown, 0));
                var actual = (answers[i].Status, answers[i].Sequence);

                // An automatic id above the lowest unfinished may read as pending for a while after its confirm.
                if (ids[i].IsAutomatic && expected.Item1 == LedgerStatus.Confirmed && actual.Status == LedgerStatus.Pending && expected.Item2 >= Model.LowestUnfinished) continue;
                Assert.True(expected == actual || (expected.Item1 == actual.Status && actual.Sequence == 0), string.Create(CultureInfo.InvariantCulture, $"{ids[i]} should be {expected} and is {actual}"));
            }
        }
    }
}
