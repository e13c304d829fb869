using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

// Who has a message in hand, and for how long.
public abstract partial class ProcessedMessageStoreConformance
{
    [Fact]
    public async Task A_claimed_message_is_in_progress_for_everybody_else()
    {
        var store = await OpenAsync();
        var other = await OpenAnotherAsync(store);
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, Key(), "a"));
        var answer = await other.ClaimAsync(Key(), "b", LongTime, Cancel);
        Assert.Equal(ClaimStatus.InProgress, answer.Status);
        Assert.InRange(answer.RetryAfter, LongTime - TimeSpan.FromMinutes(1), LongTime);
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(other, Key("another"), "b"));
    }

    [Fact]
    public async Task A_claim_that_has_run_out_is_anybodys()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a", ShortTime);
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, Key(), "b"));
        Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key(), "a"));
    }

    [Fact]
    public async Task Its_own_token_prolongs_a_claim()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a", ShortTime);
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, Key(), "a", LongTime));
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key(), "b"));
    }

    [Fact]
    public async Task A_released_message_is_free_at_once()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a");
        await store.ReleaseAsync(Key(), "a", Cancel);
        await store.ReleaseAsync(Key(), "a", Cancel);
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, Key(), "b"));
    }

    [Fact]
    public async Task Nobody_releases_the_claim_of_another()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a");
        await store.ReleaseAsync(Key(), "b", Cancel);
        Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key(), "b"));
    }

    [Fact]
    public async Task A_processed_message_is_so_for_everybody_and_cannot_be_released()
    {
        var store = await OpenAsync();
        var other = await OpenAnotherAsync(store);
        await ProcessAsync(store, Key(), "a");
        await store.ReleaseAsync(Key(), "a", Cancel);
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key(), "a"));
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(other, Key(), "b"));
    }

    [Fact]
    public async Task A_mark_may_be_repeated_by_who_has_made_it_and_by_nobody_else()
    {
        var store = await OpenAsync();
        await ProcessAsync(store, Key(), "a");
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key(), "a"));
        Assert.Equal(MarkStatus.AlreadyProcessed, await MarkAsync(store, Key(), "b"));
    }

    [Fact]
    public async Task A_mark_counts_after_its_claim_has_run_out_as_long_as_nobody_else_has_claimed()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a", ShortTime);
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key(), "a"));
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key(), "b"));
    }

    [Fact]
    public async Task Who_has_lost_the_claim_to_another_is_told_so_and_marks_nothing()
    {
        var store = await OpenAsync();
        await ClaimAsync(store, Key(), "a", ShortTime);
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        await ClaimAsync(store, Key(), "b");
        Assert.Equal(MarkStatus.ClaimLost, await MarkAsync(store, Key(), "a"));
        Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key(), "c"));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key(), "b"));
        Assert.Equal(MarkStatus.AlreadyProcessed, await MarkAsync(store, Key(), "a"));
    }

    [Fact]
    public async Task Of_many_at_once_one_gets_the_claim()
    {
        var store = await OpenAsync();
        var other = await OpenAnotherAsync(store);
        for (var round = 0; round < 20; round++)
        {
            var key = Key($"m{round}");
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => ClaimAsync(i % 2 == 0 ? store : other, key, $"t{i}"), Cancel)));
            Assert.Single(answers, ClaimStatus.Claimed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{a}")]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("täglich 日 \U0001F600")]
    public async Task Odd_names_are_names_like_others(string odd)
    {
        var store = await OpenAsync();
        // Each differs from the next in one place; none may stand for another.
        DeduplicationKey[] keys = [new(Key().PublisherId + odd, "x"), new(Key().PublisherId, odd + " x"), new(Key().PublisherId, odd + "\nx"), new(Key().PublisherId + "/", odd + "x:y"), new(Key().PublisherId, odd + "{x}")];
        foreach (var key in keys) await ProcessAsync(store, key);
        foreach (var key in keys) Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, key, "b"));
    }

    [Fact]
    public async Task What_is_no_key_or_no_time_is_refused()
    {
        var store = await OpenAsync();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => ClaimAsync(store, default, "a"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => ClaimAsync(store, new DeduplicationKey("p", ""), "a"));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => ClaimAsync(store, Key(), "a", TimeSpan.Zero));
    }

    [Fact]
    public async Task A_disposed_object_answers_nothing()
    {
        var store = await OpenAsync();
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ClaimAsync(store, Key(), "a"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => MarkAsync(store, Key(), "a"));
    }

    [Fact]
    public async Task A_restart_takes_nothing_away()
    {
        if (!CanRestartStore) return;
        var store = await OpenAsync();
        await ProcessAsync(store, Key("done"));
        await ClaimAsync(store, Key("held"), "a");
        await RestartStoreAsync();
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key("done"), "b"));
        Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key("held"), "b"));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key("held"), "a"));
    }
}
