using ReliableMqtt.Deduplication;
using static ReliableMqtt.Tests.Deduplication.DeduplicatorHarness;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>Several processes with one message: who waits, who takes over, and who is told that it was too late.</summary>
public class ClaimLossTests
{
    private static readonly DeduplicationKey Key = new("p", "m1");

    private readonly DeduplicatorHarness _h = new();

    [Fact]
    public async Task A_copy_waits_while_another_process_handles_the_message_and_is_then_a_duplicate()
    {
        var hold = new TaskCompletionSource();
        var first = _h.Deduplicator((_, _) => hold.Task).ProcessAsync(Message(), Cancel);
        await _h.UntilAsync(() => _h.Handled.Count == 1, advance: false);
        var second = _h.Deduplicator().ProcessAsync(Message(), Cancel);
        await _h.UntilAsync(() => _h.Store.Claims >= 4, advance: true);
        Assert.False(second.IsCompleted);
        hold.SetResult();
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(first));
        Assert.Equal(DeduplicationOutcome.Duplicate, await _h.EndsAsync(second));
        Assert.Single(_h.Handled);
    }

    [Fact]
    public async Task A_handler_may_run_longer_than_its_claim_which_is_prolonged()
    {
        var hold = new TaskCompletionSource();
        var first = _h.Deduplicator((_, _) => hold.Task).ProcessAsync(Message(), Cancel);
        await _h.UntilAsync(() => _h.Handled.Count == 1, advance: false);
        for (var i = 0; i < 10; i++)
        {
            var claims = _h.Store.Claims;
            await _h.UntilAsync(() => _h.Store.Claims > claims, advance: true);
            Assert.Equal(ClaimStatus.InProgress, (await _h.Inner.ClaimAsync(Key, "other", TimeSpan.FromSeconds(1), Cancel)).Status);
        }

        hold.SetResult();
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(first));
    }

    [Fact]
    public async Task A_process_that_dies_in_its_handler_holds_the_message_up_until_its_claim_runs_out()
    {
        await _h.Inner.ClaimAsync(Key, "dead", TimeSpan.FromSeconds(10), Cancel);
        var died = _h.Clock.GetUtcNow();
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(_h.Deduplicator().ProcessAsync(Message(), Cancel)));
        Assert.InRange(_h.Clock.GetUtcNow() - died, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
    }

    // The limit that the documents name: effect and mark are two steps, unless they are one transaction.
    [Fact]
    public async Task A_process_that_dies_between_handler_and_mark_lets_the_next_one_call_the_handler_again()
    {
        var dying = new ScriptedStore(_h.Inner) { BeforeMark = (_, cancel) => ScriptedStore.Hang(cancel), BeforeRelease = (_, cancel) => ScriptedStore.Hang(cancel) };
        using var death = new CancellationTokenSource();
        var first = _h.Deduplicator(store: dying).ProcessAsync(Message(), death.Token);
        await _h.UntilAsync(() => dying.Marks == 1, advance: false);
        await death.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _h.EndsAsync(first));

        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(_h.Deduplicator().ProcessAsync(Message(), Cancel)));
        Assert.Equal(2, _h.Handled.Count);
        Assert.NotEqual(_h.Handled[0].ClaimToken, _h.Handled[1].ClaimToken);
    }

    [Fact]
    public async Task Who_has_slept_through_its_claim_is_cancelled_and_leaves_the_message_to_its_successor()
    {
        var asleep = new TaskCompletionSource();
        var sleeper = new ScriptedStore(_h.Inner) { BeforeClaim = (number, _) => number == 1 ? Task.CompletedTask : asleep.Task };
        var deduplicator = _h.Deduplicator((_, cancel) => ScriptedStore.Hang(cancel), sleeper);
        var first = deduplicator.ProcessAsync(Message(), Cancel);
        await _h.UntilAsync(() => _h.Handled.Count == 1, advance: false);
        _h.Clock.Advance(TimeSpan.FromSeconds(11));
        await _h.Inner.ClaimAsync(Key, "successor", TimeSpan.FromMinutes(1), Cancel);
        asleep.SetResult();
        await _h.UntilAsync(() => deduplicator.Counts.ClaimsLost == 1, advance: true);
        await _h.Inner.MarkProcessedAsync(Key, "successor", Cancel);
        Assert.Equal(DeduplicationOutcome.Duplicate, await _h.EndsAsync(first));
        Assert.Single(_h.Handled);
    }

    [Fact]
    public async Task A_mark_that_comes_too_late_is_refused_and_counted()
    {
        var late = new ScriptedStore(_h.Inner);
        var isLate = false;
        late.BeforeClaim = (number, cancel) => number == 1 || isLate ? Task.CompletedTask : ScriptedStore.Hang(cancel);
        late.BeforeMark = async (_, cancel) =>
        {
            _h.Clock.Advance(TimeSpan.FromSeconds(11));
            await _h.Inner.ClaimAsync(Key, "successor", TimeSpan.FromMinutes(1), cancel);
            await _h.Inner.MarkProcessedAsync(Key, "successor", cancel);
            isLate = true;
        };
        var deduplicator = _h.Deduplicator(store: late);
        Assert.Equal(DeduplicationOutcome.Duplicate, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal(1, deduplicator.Counts.ClaimsLost);
    }

    [Fact]
    public async Task A_transaction_that_finds_the_claim_lost_is_no_failed_attempt()
    {
        _h.Options = _h.Options with { MaxAttempts = 1 };
        var calls = 0;
        var deduplicator = _h.Deduplicator((_, _) => ++calls < 3 ? throw new ClaimLostException("lost") : Task.CompletedTask);
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal([1, 1, 1], _h.Handled.Select(received => received.Attempt));
        Assert.Equal(0, deduplicator.Counts.ClaimsLost);
    }

    [Fact]
    public async Task A_transaction_that_the_store_does_not_answer_is_no_failed_attempt()
    {
        _h.Options = _h.Options with { MaxAttempts = 1, GiveUpAsync = (_, _, _) => throw new InvalidOperationException("nothing is to be given up") };
        var calls = 0;
        var deduplicator = _h.Deduplicator((_, _) => ++calls < 4 ? throw new StoreUnavailableException("away") : Task.CompletedTask);
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.All(_h.Handled, received => Assert.Equal(1, received.Attempt));
    }

    [Fact]
    public async Task A_handler_that_has_marked_its_message_itself_is_done()
    {
        var deduplicator = _h.Deduplicator(async (received, cancel) => await _h.Inner.MarkProcessedAsync(received.Key!.Value, received.ClaimToken, cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message(), Cancel));
    }

    [Fact]
    public async Task Cancelling_gives_the_claim_back()
    {
        using var cancel = new CancellationTokenSource();
        var run = _h.Deduplicator((_, running) => ScriptedStore.Hang(running)).ProcessAsync(Message(), cancel.Token);
        await _h.UntilAsync(() => _h.Handled.Count == 1, advance: false);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal(ClaimStatus.Claimed, (await _h.Inner.ClaimAsync(Key, "other", TimeSpan.FromSeconds(1), Cancel)).Status);
    }

    [Fact]
    public async Task Stopping_ends_waits_and_lets_a_handler_end_and_be_marked()
    {
        using var stop = new CancellationTokenSource();
        var hold = new TaskCompletionSource();
        var running = _h.Deduplicator((_, _) => hold.Task).ProcessAsync(Message(), stop.Token, Cancel);
        await _h.UntilAsync(() => _h.Handled.Count == 1, advance: false);
        var waiting = _h.Deduplicator().ProcessAsync(Message(), stop.Token, Cancel);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _h.EndsAsync(waiting));
        hold.SetResult();
        Assert.Equal(DeduplicationOutcome.Processed, await running);
    }
}
