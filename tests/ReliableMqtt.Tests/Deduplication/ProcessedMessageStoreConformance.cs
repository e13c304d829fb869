using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>
/// What every <see cref="ProcessedMessageStore"/> must do. An implementation derives from it and says only how its objects are made; nothing here looks behind the port. Each test has a publisher id of its
/// own, so that all of them may run against one server.
/// </summary>
public abstract partial class ProcessedMessageStoreConformance : IAsyncLifetime
{
    private readonly List<ProcessedMessageStore> _opened = [];
    private readonly string _publisher = $"conformance-{Guid.NewGuid():N}";

    protected ProcessedMessageStoreConformance() =>
        Clock = HonoursTimeProvider ? new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)) : TimeProvider.System;

    /// <summary>Makes the first store object of a test, on a store that has nothing of the test's publisher id.</summary>
    protected abstract ValueTask<ProcessedMessageStore> CreateOnFreshStoreAsync(ProcessedMessageWindow window);

    /// <summary>Makes one more store object on the store of the test: another process. Null when the store is one object's alone.</summary>
    protected abstract ValueTask<ProcessedMessageStore?> CreateOnSameStoreAsync(ProcessedMessageWindow window);

    /// <summary>False when the store goes by a clock of its own: then the tests use short real times.</summary>
    protected virtual bool HonoursTimeProvider => true;

    /// <summary>True when the store survives <see cref="RestartStoreAsync"/> with all that it has answered.</summary>
    protected virtual bool CanRestartStore => false;

    /// <summary>Kills the store and starts it again. Store objects that are open must find back to it by themselves.</summary>
    protected virtual ValueTask RestartStoreAsync() => throw new NotSupportedException();

    /// <summary>Ends what the test's store needs, after its objects.</summary>
    protected virtual ValueTask DisposeStoreAsync() => ValueTask.CompletedTask;

    protected TimeProvider Clock { get; }

    /// <summary>A time that tests can let pass: short where it is a real one.</summary>
    protected TimeSpan ShortTime => HonoursTimeProvider ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(1);

    protected static TimeSpan LongTime => TimeSpan.FromMinutes(10);

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        await DisposeStoreAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task<ProcessedMessageStore> OpenAsync(ProcessedMessageWindow? window = null)
    {
        var store = await CreateOnFreshStoreAsync(window ?? new ProcessedMessageWindow());
        _opened.Add(store);
        return store;
    }

    /// <summary>A second object, or the first one where there is but one.</summary>
    protected async Task<ProcessedMessageStore> OpenAnotherAsync(ProcessedMessageStore first, ProcessedMessageWindow? window = null)
    {
        if (await CreateOnSameStoreAsync(window ?? new ProcessedMessageWindow()) is not { } store) return first;
        _opened.Add(store);
        return store;
    }

    protected DeduplicationKey Key(string id = "m") => new(_publisher, id);

    protected async Task PassAsync(TimeSpan time)
    {
        if (Clock is FakeTimeProvider fake) fake.Advance(time);
        else await Task.Delay(time, Cancel);
    }

    protected static async Task<ClaimStatus> ClaimAsync(ProcessedMessageStore store, DeduplicationKey key, string token, TimeSpan? timeout = null) =>
        (await store.ClaimAsync(key, token, timeout ?? LongTime, Cancel)).Status;

    protected static async Task<MarkStatus> MarkAsync(ProcessedMessageStore store, DeduplicationKey key, string token) => await store.MarkProcessedAsync(key, token, Cancel);

    protected static async Task ProcessAsync(ProcessedMessageStore store, DeduplicationKey key, string token = "done")
    {
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(store, key, token));
        Assert.Equal(MarkStatus.Marked, await MarkAsync(store, key, token));
    }
}
