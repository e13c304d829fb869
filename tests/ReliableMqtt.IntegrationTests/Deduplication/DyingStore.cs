using ReliableMqtt.Deduplication;

namespace ReliableMqtt.IntegrationTests.Deduplication;

/// <summary>The store as a process sees it that dies: from then on no call of it has an effect, or an end.</summary>
internal sealed class DyingStore(ProcessedMessageStore inner) : ProcessedMessageStore
{
    private volatile bool _dead;

    public override string Kind => inner.Kind;

    public void Die() => _dead = true;

    public override async ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await LiveAsync(cancellationToken);
        return await inner.ClaimAsync(key, token, timeout, cancellationToken);
    }

    public override async ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        await LiveAsync(cancellationToken);
        return await inner.MarkProcessedAsync(key, token, cancellationToken);
    }

    public override async ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken)
    {
        await LiveAsync(cancellationToken);
        await inner.ReleaseAsync(key, token, cancellationToken);
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task LiveAsync(CancellationToken cancellationToken) => _dead ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.CompletedTask;
}
