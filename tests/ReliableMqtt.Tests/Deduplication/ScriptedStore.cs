using ReliableMqtt.Deduplication;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>A store of which calls can fail, or hang as when the process dies in them.</summary>
internal sealed class ScriptedStore(ProcessedMessageStore inner) : ProcessedMessageStore
{
    private int _claims, _marks, _releases;

    public override string Kind => "scripted";

    public int Claims => Volatile.Read(ref _claims);

    public int Marks => Volatile.Read(ref _marks);

    public int Releases => Volatile.Read(ref _releases);

    /// <summary>What happens before the call of this number, from 1.</summary>
    public Func<int, CancellationToken, Task>? BeforeClaim { get; set; }

    public Func<int, CancellationToken, Task>? BeforeMark { get; set; }

    public Func<int, CancellationToken, Task>? BeforeRelease { get; set; }

    public static Task Unavailable() => throw new StoreUnavailableException("No answer.");

    public static Task Hang(CancellationToken cancel) => Task.Delay(Timeout.InfiniteTimeSpan, cancel);

    public override async ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _claims);
        if (BeforeClaim is not null) await BeforeClaim(number, cancellationToken);
        return await inner.ClaimAsync(key, token, timeout, cancellationToken);
    }

    public override async ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _marks);
        if (BeforeMark is not null) await BeforeMark(number, cancellationToken);
        return await inner.MarkProcessedAsync(key, token, cancellationToken);
    }

    public override async ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _releases);
        if (BeforeRelease is not null) await BeforeRelease(number, cancellationToken);
        await inner.ReleaseAsync(key, token, cancellationToken);
    }

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
