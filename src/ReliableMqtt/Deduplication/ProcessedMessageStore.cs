namespace ReliableMqtt.Deduplication;

/// <summary>
/// Remembers which messages were handled, and who has one in hand, for all processes of one receiver. This is a port: Redis, SQLite and memory implement it, and all
/// implementations pass the same conformance suite.
/// </summary>
/// <remarks>
/// <para>
/// A message is free, claimed, or processed. A claim has a token, which nobody else has, and an end, at which the message is free again: so a process that dies
/// with a message in hand holds it up no longer than that. A processed message stays so for its window (<see cref="ProcessedMessageWindow"/>), and is then forgotten.
/// </para>
/// <para><b>Contract of every method.</b> It is atomic. What it answers is durable as far as the store is. It may be repeated with the same arguments, and then answers
/// the same as if it had been called once. If it throws <see cref="StoreUnavailableException"/>, it may or may not have been applied: call again. Members are safe to
/// call from several threads.</para>
/// </remarks>
public abstract class ProcessedMessageStore : IAsyncDisposable
{
    /// <summary>A short name for logs: <c>redis</c>, <c>sqlite</c>, <c>memory</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Takes a free message in hand. With the token that has it already it is prolonged: it then ends this time from now.</summary>
    /// <param name="key">The message.</param>
    /// <param name="token">Names the claim; a new one for each delivery.</param>
    /// <param name="timeout">How long the claim lasts, above zero.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">There is no answer.</exception>
    public abstract ValueTask<ClaimResult> ClaimAsync(DeduplicationKey key, string token, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>
    /// Says that a message was handled, and ends its claim. A claim that has run out is still good for it as long as nobody else has claimed the message.
    /// </summary>
    /// <exception cref="StoreUnavailableException">There is no answer.</exception>
    public abstract ValueTask<MarkStatus> MarkProcessedAsync(DeduplicationKey key, string token, CancellationToken cancellationToken);

    /// <summary>Gives a message back that was not handled. A claim that is not there, or is another's, is left alone.</summary>
    /// <exception cref="StoreUnavailableException">There is no answer.</exception>
    public abstract ValueTask ReleaseAsync(DeduplicationKey key, string token, CancellationToken cancellationToken);

    /// <summary>Ends the connection to the store. What it holds stays.</summary>
    public abstract ValueTask DisposeAsync();
}
