using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests;

/// <summary>Many dead letters at once: in pages, by filter, and while they change.</summary>
public sealed class DeadLetterBoxTests : IAsyncDisposable
{
    private readonly InMemoryAckLedger _ledger = new();
    private readonly CountingLedger _counting;
    private readonly DeadLetterBox _box;
    private LedgerEpoch _epoch;
    private long _operation;

    public DeadLetterBoxTests() => _box = new DeadLetterBox(_counting = new CountingLedger(_ledger));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task All_are_replayed_in_the_order_of_their_failing_with_their_ids()
    {
        await FillAsync(250);
        Assert.Equal(new ReplaySummary(250, 0, false), await _box.ReplayAllAsync(cancellationToken: Cancel));

        var backlog = await _ledger.ReadBacklogAsync(0, 1000, Cancel);
        Assert.Equal(Enumerable.Range(0, 250).Select(i => $"id-{i}"), backlog.Select(record => record.MessageId.Value));
        Assert.Empty((await _box.ListPageAsync(cancellationToken: Cancel)).Items);
    }

    [Fact]
    public async Task A_filter_chooses_and_the_others_stay()
    {
        await FillAsync(250);
        Assert.Equal(25, (await _box.ReplayAllAsync(letter => letter.Record.MessageId.Value.EndsWith('7'), Cancel)).Replayed);
        Assert.Equal(25, await _box.PurgeAllAsync(letter => letter.Record.MessageId.Value.EndsWith('8'), Cancel));
        Assert.Equal(200, await CountAsync());
        Assert.Equal(LedgerStatus.Pending, await StatusAsync("id-7"));
        Assert.Equal(LedgerStatus.Purged, await StatusAsync("id-8"));
        Assert.Equal(LedgerStatus.DeadLettered, await StatusAsync("id-9"));

        Assert.Equal(200, await _box.PurgeAllAsync(cancellationToken: Cancel));
        Assert.Equal(0, await CountAsync());
        Assert.Equal(0, await _box.PurgeAllAsync(cancellationToken: Cancel));
        Assert.Equal(default, await _box.ReplayAllAsync(cancellationToken: Cancel));
    }

    [Fact]
    public async Task One_that_fails_again_at_once_is_not_replayed_twice_by_the_same_call()
    {
        await FillAsync(230);
        _counting.AfterReplay = DieAgainAsync;
        Assert.Equal(new ReplaySummary(230, 0, false), await _box.ReplayAllAsync(cancellationToken: Cancel));
        Assert.Equal(230, await CountAsync());
    }

    [Fact]
    public async Task What_fails_during_a_purge_is_not_purged()
    {
        await FillAsync(150);
        var late = 0;
        Assert.Equal(150, await _box.PurgeAllAsync(letter =>
        {
            if (late++ < 20) FillAsync(1, "late-" + late).GetAwaiter().GetResult();
            return true;
        }, Cancel));
        Assert.Equal(20, await CountAsync());
    }

    [Fact]
    public async Task Those_that_another_one_takes_meanwhile_are_skipped()
    {
        await FillAsync(120);
        var summary = await _box.ReplayAllAsync(letter =>
        {
            // Another process is quicker with every third.
            if (letter.Number % 3 == 0) _ledger.PurgeAsync(letter.Record.MessageId, Cancel).AsTask().GetAwaiter().GetResult();
            return true;
        }, Cancel);
        Assert.Equal(new ReplaySummary(80, 40, false), summary);
        Assert.Equal(LedgerStatus.Purged, await StatusAsync("id-2"));
    }

    [Fact]
    public async Task A_full_ledger_stops_a_replay_and_the_rest_stay_dead_letters()
    {
        await FillAsync(30, maxPending: 10);
        Assert.Equal(new ReplaySummary(10, 0, true), await _box.ReplayAllAsync(cancellationToken: Cancel));
        Assert.Equal(20, await CountAsync());
    }

    [Fact]
    public async Task Ten_thousand_are_read_in_small_pages()
    {
        await FillAsync(10_000);
        var seen = 0;
        await foreach (var _ in _box.ListAsync(Cancel)) seen++;
        Assert.Equal(10_000, seen);
        Assert.Equal(5_000, await _box.PurgeAllAsync(letter => letter.Number % 2 == 0, Cancel));
        Assert.Equal(5_000, (await _box.ReplayAllAsync(cancellationToken: Cancel)).Replayed);
        Assert.InRange(_counting.LargestPage, 1, 100);
    }

    [Fact]
    public async Task A_page_goes_on_where_the_last_one_ended()
    {
        await FillAsync(5);
        var first = await _box.ListPageAsync(count: 3, cancellationToken: Cancel);
        var second = await _box.ListPageAsync(first.Continuation, 3, Cancel);
        Assert.Equal(["id-0", "id-1", "id-2", "id-3", "id-4"], first.Items.Concat(second.Items).Select(letter => letter.Record.MessageId.Value));
        Assert.Null(second.Continuation);
        await Assert.ThrowsAsync<ArgumentException>(async () => await _box.ListPageAsync("nonsense", cancellationToken: Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await _box.ListPageAsync(count: 0, cancellationToken: Cancel));
    }

    [Fact]
    public async Task One_is_found_by_its_id_also_by_a_ledger_without_an_index()
    {
        await FillAsync(150);
        Assert.Equal("id-120", (await _box.FindAsync("id-120", Cancel))!.Record.MessageId.Value);
        Assert.Null(await _box.FindAsync("nobody", Cancel));
        Assert.Equal("id-120", (await _counting.LookThroughAsync("id-120"))!.Record.MessageId.Value);
        Assert.Null(await _counting.LookThroughAsync("nobody"));
    }

    private async Task FillAsync(int count, string prefix = "id-", long maxPending = 1_000_000)
    {
        if (_operation == 0)
        {
            await _ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p", MaxPending = 1_000_000 }, Cancel);
            _epoch = (await _ledger.AcquireAsync(Cancel)).Epoch!.Value;
        }

        var records = Enumerable.Range(0, count).Select(i => new LedgerRecord
        {
            MessageId = count == 1 ? prefix : $"{prefix}{i}",
            Topic = "t",
            QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce,
        }).ToList();
        await _ledger.AcceptAsync(records, Cancel);
        await DropAllAsync();
        if (maxPending < count) await _ledger.OpenAsync(new LedgerOpenOptions { PublisherId = "p", MaxPending = maxPending }, Cancel);
    }

    private Task DieAgainAsync() => DropAllAsync();

    private async Task DropAllAsync()
    {
        var backlog = await _ledger.ReadBacklogAsync(0, 100_000, Cancel);
        var result = await _ledger.CommitAsync(new LedgerCommit
        {
            Epoch = _epoch,
            Operation = ++_operation,
            ExpectedTail = backlog[^1].Sequence,
            Drops = [.. backlog.Select(record => new DropOp(record.Sequence, record.MessageId, new DeadLetterReason(DeadLetterCause.BrokerLimit)))],
        }, Cancel);
        Assert.Equal(CommitStatus.Applied, result.Status);
    }

    private async Task<long> CountAsync() => (await _ledger.GetStatisticsAsync(Cancel)).DeadLetters;

    private async Task<LedgerStatus> StatusAsync(MessageId id) => (await _ledger.FindAsync([id], Cancel))[0].Status;

    private sealed class CountingLedger(AckLedger inner) : DelegatingLedger(inner)
    {
        public int LargestPage { get; private set; }

        public Func<Task>? AfterReplay { get; set; }

        public override async ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken)
        {
            var page = await base.ListDeadLettersAsync(continuation, count, cancellationToken);
            LargestPage = Math.Max(LargestPage, page.Items.Count);
            return page;
        }

        public override async ValueTask<ReplayAnswer> ReplayAsync(MessageId messageId, CancellationToken cancellationToken)
        {
            var answer = await base.ReplayAsync(messageId, cancellationToken);
            if (AfterReplay is not null) await AfterReplay();
            return answer;
        }

        /// <summary>As the port does it by itself.</summary>
        public ValueTask<DeadLetter?> LookThroughAsync(MessageId messageId) => new PortOnly(this).FindDeadLetterAsync(messageId, Cancel);
    }

    /// <summary>A ledger that overrides nothing that it need not.</summary>
    private sealed class PortOnly(AckLedger inner) : NoLedger
    {
        public override ValueTask<DeadLetterPage> ListDeadLettersAsync(string? continuation, int count, CancellationToken cancellationToken) =>
            inner.ListDeadLettersAsync(continuation, count, cancellationToken);
    }
}
