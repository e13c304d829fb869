using ReliableMqtt.Deduplication;
using static ReliableMqtt.Tests.Deduplication.DeduplicatorHarness;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>What one process does with deliveries.</summary>
public class MessageDeduplicatorTests
{
    private readonly DeduplicatorHarness _h = new();

    [Fact]
    public async Task The_handler_is_called_once_for_all_copies_of_a_message()
    {
        var deduplicator = _h.Deduplicator();
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message(), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await _h.Deduplicator().ProcessAsync(Message(), Cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message("m2"), Cancel));
        Assert.Equal([new("p", "m1"), new("p", "m2")], _h.Handled.Select(received => received.Key!.Value));
        Assert.Equal(new DeduplicationCounts(2, 1, 0, 0, 0, 0), deduplicator.Counts);
    }

    [Fact]
    public async Task A_handler_that_fails_is_called_again_and_the_claim_is_free_meanwhile()
    {
        var claimsBetween = new List<ClaimStatus>();
        _h.Store.BeforeClaim = async (number, cancel) =>
        {
            if (number == 1) return;
            claimsBetween.Add((await _h.Inner.ClaimAsync(new("p", "m1"), "other", TimeSpan.FromSeconds(1), cancel)).Status);
            await _h.Inner.ReleaseAsync(new("p", "m1"), "other", cancel);
        };
        var deduplicator = _h.Deduplicator((received, _) => received.Attempt < 3 ? throw new InvalidOperationException("not yet") : Task.CompletedTask);
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal([1, 2, 3], _h.Handled.Select(received => received.Attempt));
        Assert.Equal([ClaimStatus.Claimed, ClaimStatus.Claimed], claimsBetween);
    }

    [Fact]
    public async Task After_the_last_attempt_the_message_is_left_unmarked_and_a_later_delivery_is_handled()
    {
        var fails = true;
        var deduplicator = _h.Deduplicator((_, _) => fails ? throw new InvalidOperationException("never") : Task.CompletedTask);
        Assert.Equal(DeduplicationOutcome.Failed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal((5, 0), (_h.Handled.Count, _h.Store.Marks));
        fails = false;
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(), Cancel));
        Assert.Equal(1, deduplicator.Counts.Failed);
    }

    [Fact]
    public async Task What_is_given_up_is_taken_by_the_application_and_counts_as_handled()
    {
        var taken = new List<(DeduplicationKey?, string)>();
        _h.Options = _h.Options with
        {
            MaxAttempts = 2,
            GiveUpAsync = (received, error, _) =>
            {
                taken.Add((received.Key, error.Message));
                return Task.CompletedTask;
            },
        };
        var deduplicator = _h.Deduplicator((_, _) => throw new InvalidOperationException("never"));
        Assert.Equal(DeduplicationOutcome.GivenUp, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal([(new DeduplicationKey("p", "m1"), "never")], taken);
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message(), Cancel));
        Assert.Equal(2, _h.Handled.Count);
    }

    [Fact]
    public async Task A_message_that_nobody_takes_is_not_marked()
    {
        _h.Options = _h.Options with { MaxAttempts = 1, GiveUpAsync = (_, _, _) => throw new InvalidOperationException("the dead letters are full") };
        var deduplicator = _h.Deduplicator((_, _) => throw new InvalidOperationException("never"));
        Assert.Equal(DeduplicationOutcome.Failed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(), Cancel)));
        Assert.Equal(0, _h.Store.Marks);
    }

    [Fact]
    public async Task What_has_no_id_goes_to_the_handler_each_time()
    {
        var deduplicator = _h.Deduplicator();
        Assert.Equal(DeduplicationOutcome.HandledWithoutId, await deduplicator.ProcessAsync(Message(id: null), Cancel));
        Assert.Equal(DeduplicationOutcome.HandledWithoutId, await deduplicator.ProcessAsync(Message(id: null), Cancel));
        Assert.Equal((2, 0), (_h.Handled.Count, _h.Store.Claims));
        Assert.Null(_h.Handled[0].Key);
    }

    [Fact]
    public async Task What_has_no_id_is_tried_again_too()
    {
        var deduplicator = _h.Deduplicator((received, _) => received.Attempt < 2 ? throw new InvalidOperationException("not yet") : Task.CompletedTask);
        Assert.Equal(DeduplicationOutcome.HandledWithoutId, await _h.EndsAsync(deduplicator.ProcessAsync(Message(id: null), Cancel)));
        deduplicator = _h.Deduplicator((_, _) => throw new InvalidOperationException("never"));
        Assert.Equal(DeduplicationOutcome.Failed, await _h.EndsAsync(deduplicator.ProcessAsync(Message(id: null), Cancel)));
    }

    [Fact]
    public async Task What_has_no_id_may_be_thrown_away()
    {
        _h.Options = _h.Options with { HandleWithoutId = false };
        Assert.Equal(DeduplicationOutcome.IgnoredWithoutId, await _h.Deduplicator().ProcessAsync(Message(id: null), Cancel));
        Assert.Empty(_h.Handled);
    }

    [Fact]
    public async Task A_selector_finds_the_id_where_the_sender_has_put_it()
    {
        _h.Options = _h.Options with { KeySelector = message => new DeduplicationKey("meter", message.Topic) };
        var deduplicator = _h.Deduplicator();
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(id: null, topic: "meter/1"), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message(id: null, topic: "meter/1"), Cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message(id: null, topic: "meter/2"), Cancel));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_selector_that_fails_leaves_its_message_unacknowledged(bool throws)
    {
        _h.Options = _h.Options with { KeySelector = _ => throws ? throw new FormatException("no id in it") : default(DeduplicationKey) };
        Assert.Equal(DeduplicationOutcome.Failed, await _h.Deduplicator().ProcessAsync(Message(), Cancel));
        Assert.Empty(_h.Handled);
    }

    [Fact]
    public async Task While_the_store_does_not_answer_nothing_is_handled()
    {
        _h.Store.BeforeClaim = (number, _) => number < 4 ? ScriptedStore.Unavailable() : Task.CompletedTask;
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(_h.Deduplicator((_, _) =>
        {
            Assert.Equal(4, _h.Store.Claims);
            return Task.CompletedTask;
        }).ProcessAsync(Message(), Cancel)));
    }

    [Fact]
    public async Task A_mark_that_is_not_answered_is_asked_for_again_and_the_handler_is_not()
    {
        _h.Store.BeforeMark = (number, _) => number < 4 ? ScriptedStore.Unavailable() : Task.CompletedTask;
        Assert.Equal(DeduplicationOutcome.Processed, await _h.EndsAsync(_h.Deduplicator().ProcessAsync(Message(), Cancel)));
        Assert.Single(_h.Handled);
    }

    [Theory]
    [InlineData(0, 1, 1, 1, 1, 1)]
    [InlineData(1, 0, 1, 1, 1, 1)]
    [InlineData(1, 1_001, 1, 1, 1, 1)]
    [InlineData(1, 1, 0, 1, 1, 1)]
    [InlineData(1, 1, 1, 0, 1, 1)]
    [InlineData(1, 1, 1, 2, 1, 1)]
    [InlineData(1, 1, 1, 1, 1, -1)]
    public void An_option_out_of_range_is_refused(int claim, int concurrency, int attempts, int min, int max, int shutdown)
    {
        _h.Options = new()
        {
            ClaimTimeout = TimeSpan.FromSeconds(claim),
            MaxConcurrency = concurrency,
            MaxAttempts = attempts,
            MinBackoff = TimeSpan.FromSeconds(min),
            MaxBackoff = TimeSpan.FromSeconds(max),
            ShutdownTimeout = TimeSpan.FromSeconds(shutdown),
        };
        Assert.Throws<ArgumentOutOfRangeException>(() => _h.Deduplicator());
    }
}
