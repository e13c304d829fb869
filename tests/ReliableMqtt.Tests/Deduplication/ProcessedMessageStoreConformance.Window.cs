using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

// How long a processed message is remembered.
public abstract partial class ProcessedMessageStoreConformance
{
    [Fact]
    public async Task A_processed_message_is_forgotten_after_the_retention_and_not_before()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { Retention = ShortTime * 2 });
        await ProcessAsync(store, Key());
        await PassAsync(ShortTime);
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key(), "b"));
        // Another one keeps the publisher alive: each is forgotten for itself.
        await ProcessAsync(store, Key("later"));
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, Key(), "b"));
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key("later"), "b"));
    }

    [Fact]
    public async Task What_is_processed_again_is_remembered_anew()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { Retention = ShortTime, MaxEntries = 3 });
        await ProcessAsync(store, Key("a"));
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        await ProcessAsync(store, Key("a"), "again");
        await ProcessAsync(store, Key("b"));
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key("a"), "x"));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, Key("a"), "again"));
        Assert.Equal(MarkStatus.AlreadyProcessed, await MarkAsync(store, Key("a"), "done"));
    }

    [Fact]
    public async Task Beyond_their_number_the_oldest_are_forgotten()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { MaxEntries = 3 });
        for (var i = 0; i < 5; i++) await ProcessAsync(store, Key($"m{i}"));
        for (var i = 0; i < 5; i++) Assert.Equal(i < 2 ? ClaimStatus.Claimed : ClaimStatus.AlreadyProcessed, await ClaimAsync(store, Key($"m{i}"), "b"));
    }

    [Fact]
    public async Task Publishers_are_counted_apart()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { MaxEntries = 3 });
        var quiet = new DeduplicationKey(Key().PublisherId + "-quiet", "m0");
        await ProcessAsync(store, quiet);
        for (var i = 0; i < 5; i++) await ProcessAsync(store, Key($"m{i}"));
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(store, quiet, "b"));
    }

    [Fact]
    public async Task Claims_are_not_counted_and_outlast_the_window()
    {
        var store = await OpenAsync(new ProcessedMessageWindow { MaxEntries = 1, Retention = ShortTime });
        for (var i = 0; i < 5; i++) await ClaimAsync(store, Key($"held{i}"), "a");
        await ProcessAsync(store, Key("m"));
        await PassAsync(ShortTime);
        await PassAsync(TimeSpan.FromMilliseconds(20));
        await ProcessAsync(store, Key("n"));
        for (var i = 0; i < 5; i++) Assert.Equal(ClaimStatus.InProgress, await ClaimAsync(store, Key($"held{i}"), "b"));
    }
}
