using ReliableMqtt.Deduplication;
using StackExchange.Redis;

namespace ReliableMqtt.Redis;

// Effect and mark in one transaction.
public sealed partial class RedisProcessedMessageStore
{
    /// <summary>The claim is taken for this long when it has to be asked for again; whoever prolongs it does so soon after.</summary>
    private static readonly TimeSpan ClaimAgain = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly string[] Passing = ["LOADING", "READONLY", "MISCONF", "OOM", "BUSY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOREPLICAS"];

    /// <summary>
    /// Writes effects into the same Redis, and the mark that the message was handled, in one transaction (<c>WATCH</c>, <c>MULTI</c>, <c>EXEC</c>): both happen or neither, once for each message, whatever dies in
    /// between. Call it in the handler, as the last thing; the deduplicator then finds the mark.
    /// </summary>
    /// <remarks>
    /// An <c>EXEC</c> that was not answered is not run twice: the mark tells whether it was. In a cluster every key of the effects must have the hash tag of the message: see <see cref="GetHashTag"/>.
    /// </remarks>
    /// <param name="message">What the handler was called with. It must have a key.</param>
    /// <param name="effects">Adds the commands. It may be called more than once, each time with a new transaction, of which at most one is run. Conditions of its own are not allowed.</param>
    /// <param name="cancellationToken">Ends the wait; then it is not known whether the transaction was run, and the next claim of the message tells.</param>
    /// <exception cref="ClaimLostException">Another process has the message, or has handled it. Nothing was written.</exception>
    /// <exception cref="InvalidOperationException">Redis has refused the transaction for good: a command that the user may not run, say. Nothing was written.</exception>
    /// <exception cref="StoreUnavailableException">Redis does not answer. It may have been run; let it pass out of the handler, which is called again only if it was not.</exception>
    public async Task CommitAsync(ReceivedMessage message, Action<ITransaction> effects, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(effects);
        var key = message.Key ?? throw new InvalidOperationException("A message without an id cannot be marked, so it cannot be in a transaction with its mark.");
        var keys = ReceiverKeys.Of(_receiverId, key);
        var link = await LinkAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var transaction = link.Database.CreateTransaction();
            transaction.AddCondition(Condition.StringEqual(keys.Claim(key.MessageId), message.ClaimToken));
            effects(transaction);
            _ = transaction.ExecuteAsync("EVAL", [RedisScript.Mark.Text, 3, keys.Claim(key.MessageId), keys.Done, keys.Order, .. MarkArguments(key, message.ClaimToken)]);
            if (await TryExecuteAsync(transaction, cancellationToken).ConfigureAwait(false)) return;

            // Not run, or not answered. To ask for the claim writes it, and so ends a transaction that watches it and is still on its way.
            var (answer, byThisToken) = await AskAsync(key, message.ClaimToken, ClaimAgain, cancellationToken).ConfigureAwait(false);
            if (byThisToken) return;
            if (answer.Status != ClaimStatus.Claimed) throw new ClaimLostException($"Message {key} is in the hands of another process, or was handled by it. Nothing was written.");
            await Task.Delay(Pause, link.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What has to stand between braces in a key of an effect, so that a cluster keeps it where the mark is: <c>"stock:{" + store.GetHashTag(key) + "}"</c>.</summary>
    public string GetHashTag(DeduplicationKey key) => ReceiverKeys.Of(_receiverId, key).HashTag;

    /// <summary>States of a server that end by themselves, or by somebody who gives it room.</summary>
    private static bool IsPassing(RedisServerException error) =>
        Passing.Any(state => error.Message.Contains(state, StringComparison.Ordinal));

    // False when it was not run, or when that is not known.
    private static async Task<bool> TryExecuteAsync(ITransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            return await transaction.ExecuteAsync(CommandFlags.DemandMaster).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisConnectionException or RedisTimeoutException or TimeoutException)
        {
            return false;
        }
        catch (RedisServerException error) when (!IsPassing(error))
        {
            // It will be refused the next time too: that is the handler's failure, with its attempts.
            throw new InvalidOperationException($"Redis has refused the transaction with the effect and the mark of a message, and nothing was written: {error.Message}", error);
        }
        catch (RedisException error)
        {
            throw new StoreUnavailableException($"The transaction with the mark of a processed message was refused: {error.Message}", error);
        }
    }
}
