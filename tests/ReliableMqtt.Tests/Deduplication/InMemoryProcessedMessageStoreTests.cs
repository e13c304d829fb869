using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

public class InMemoryProcessedMessageStoreTests : ProcessedMessageStoreConformance
{
    protected override ValueTask<ProcessedMessageStore> CreateOnFreshStoreAsync(ProcessedMessageWindow window) => ValueTask.FromResult<ProcessedMessageStore>(new InMemoryProcessedMessageStore(window, Clock));

    protected override ValueTask<ProcessedMessageStore?> CreateOnSameStoreAsync(ProcessedMessageWindow window) => ValueTask.FromResult<ProcessedMessageStore?>(null);

    [Fact]
    public async Task Publishers_that_have_fallen_silent_and_claims_of_the_dead_leave_no_trace()
    {
        var clock = new FakeTimeProvider();
        await using var store = new InMemoryProcessedMessageStore(new ProcessedMessageWindow { Retention = TimeSpan.FromMinutes(1) }, clock);
        for (var i = 0; i < 100; i++)
        {
            await ProcessAsync(store, new DeduplicationKey($"p{i}", "m"));
            await ClaimAsync(store, new DeduplicationKey($"p{i}", "n"), "dead", TimeSpan.FromMinutes(1));
        }

        Assert.Equal(200, store.Count);
        clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 1_024; i++) await ClaimAsync(store, new DeduplicationKey("q", "m"), "a");
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void A_window_of_nothing_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryProcessedMessageStore(new ProcessedMessageWindow { MaxEntries = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new InMemoryProcessedMessageStore(new ProcessedMessageWindow { Retention = TimeSpan.Zero }));
    }
}
