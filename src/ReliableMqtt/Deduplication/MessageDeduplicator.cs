using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using ReliableMqtt.Session;
using ReliableMqtt.Telemetry;

namespace ReliableMqtt.Deduplication;

/// <summary>
/// Calls a handler once for each message, however many copies of it arrive, in however many processes: claim, handler, mark. It knows nothing of a connection; for a client
/// of MQTTnet's there is <see cref="DeduplicationExtensions.UseDeduplication"/>.
/// </summary>
/// <remarks>
/// <para>
/// Once the mark is stored the handler is never called again for the message, within the window of the store. Before that, a process that dies lets the next one call it again: between
/// the end of the handler and the mark, its effect has then happened twice. Only an effect that is in one transaction with the mark, or that changes nothing the second time, happens once.
/// </para>
/// <para>Safe to call from several threads.</para>
/// </remarks>
public sealed partial class MessageDeduplicator
{
    // Another one's claim may end earlier than it says, since its holder may be done.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1), ShortestWait = TimeSpan.FromMilliseconds(20);

    private readonly ProcessedMessageStore _store;
    private readonly Func<ReceivedMessage, CancellationToken, Task> _handler;
    private readonly DeduplicationOptions _options;
    private readonly ILogger _logger;
    private readonly LogThrottle _storeLines, _idLines;
    private long _processed, _duplicates, _withoutId, _givenUp, _failed, _claimsLost;

    /// <summary>Makes one.</summary>
    /// <param name="store">Remembers what was handled; it is not disposed.</param>
    /// <param name="handler">Handles one message. The token is cancelled when the wait for it is over, or when its claim was lost.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public MessageDeduplicator(ProcessedMessageStore store, Func<ReceivedMessage, CancellationToken, Task> handler, DeduplicationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(handler);
        (_store, _handler, _options) = (store, handler, (options ?? new DeduplicationOptions()).Checked());
        _logger = _options.LoggerFactory?.CreateLogger(typeof(MessageDeduplicator).FullName!) ?? (ILogger)NullLogger.Instance;
        (_storeLines, _idLines) = (new LogThrottle(_options.TimeProvider), new LogThrottle(_options.TimeProvider));
    }

    /// <summary>What has become of deliveries in this process.</summary>
    public DeduplicationCounts Counts => new(
        Interlocked.Read(ref _processed), Interlocked.Read(ref _duplicates), Interlocked.Read(ref _withoutId), Interlocked.Read(ref _givenUp), Interlocked.Read(ref _failed), Interlocked.Read(ref _claimsLost));

    internal ILogger Logger => _logger;

    /// <summary>
    /// Handles one delivery, or finds that it needs none. It returns when the delivery may be acknowledged, or must not be, which the outcome says. While the store does not answer, or another process has the
    /// message in hand, it waits, without an end.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled. Do not acknowledge the delivery. The claim is given back if the store answers within a second.</exception>
    public Task<DeduplicationOutcome> ProcessAsync(MqttApplicationMessage message, CancellationToken cancellationToken) => ProcessAsync(message, cancellationToken, cancellationToken);

    /// <summary>As the public one, with two ends.</summary>
    /// <param name="message">The delivery.</param>
    /// <param name="stop">Ends waits; a handler that runs may end, and is marked.</param>
    /// <param name="cancel">Ends everything.</param>
    internal async Task<DeduplicationOutcome> ProcessAsync(MqttApplicationMessage message, CancellationToken stop, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        var outcome = SelectKey(message, out var key) switch
        {
            false => DeduplicationOutcome.Failed,
            true when key is { } known => await ProcessAsync(message, known, stop, cancel).ConfigureAwait(false),
            true => await WithoutIdAsync(message, stop, cancel).ConfigureAwait(false),
        };
        Count(outcome);
        return outcome;
    }

    private async Task<DeduplicationOutcome> ProcessAsync(MqttApplicationMessage message, DeduplicationKey key, CancellationToken stop, CancellationToken cancel)
    {
        var token = Guid.NewGuid().ToString("N");
        var unavailable = 0;
        for (var attempt = 1; ;)
        {
            var claim = await AskAsync(() => _store.ClaimAsync(key, token, _options.ClaimTimeout, stop), stop).ConfigureAwait(false);
            if (claim.Status == ClaimStatus.AlreadyProcessed) return DeduplicationOutcome.Duplicate;
            if (claim.Status == ClaimStatus.InProgress)
            {
                var wait = claim.RetryAfter < ShortestWait ? ShortestWait : claim.RetryAfter > LongestWait ? LongestWait : claim.RetryAfter;
                await Task.Delay(wait, _options.TimeProvider, stop).ConfigureAwait(false);
                continue;
            }

            var received = new ReceivedMessage(message, key, token, attempt);
            var givenUp = false;
            var end = await RunAsync(key, token, attempt, async running => givenUp = await HandleAsync(received, running).ConfigureAwait(false), cancel).ConfigureAwait(false);
            if (end == RunEnd.Marked) return givenUp ? DeduplicationOutcome.GivenUp : DeduplicationOutcome.Processed;
            if (end == RunEnd.Failed && attempt == _options.MaxAttempts) return Leave(message);
            // Neither that another one has the message nor that the store is away is a failure of the handler.
            var pause = end switch { RunEnd.ClaimLost => ShortestWait, RunEnd.StoreUnavailable => StoreWait(++unavailable), _ => Wait(attempt++) };
            await Task.Delay(pause, _options.TimeProvider, stop).ConfigureAwait(false);
        }
    }

    private async Task<DeduplicationOutcome> WithoutIdAsync(MqttApplicationMessage message, CancellationToken stop, CancellationToken cancel)
    {
        if (!_options.HandleWithoutId)
        {
            if (_idLines.TryPass(out var others)) Log.MessageWithoutId(_logger, message.Topic, others);
            return DeduplicationOutcome.IgnoredWithoutId;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var givenUp = await HandleAsync(new ReceivedMessage(message, null, "", attempt), cancel).ConfigureAwait(false);
                return givenUp ? DeduplicationOutcome.GivenUp : DeduplicationOutcome.HandledWithoutId;
            }
#pragma warning disable CA1031 // A handler's error is the application's.
            catch (Exception error) when (!cancel.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Log.MessageHandlerFailed(_logger, message.Topic, attempt, _options.MaxAttempts, error);
            }

            if (attempt == _options.MaxAttempts) return Leave(message);
            await Task.Delay(Wait(attempt), _options.TimeProvider, stop).ConfigureAwait(false);
        }
    }

    private DeduplicationOutcome Leave(MqttApplicationMessage message)
    {
        Log.MessageLeftUnacknowledged(_logger, message.Topic, _options.MaxAttempts);
        return DeduplicationOutcome.Failed;
    }

    // True when the application has taken the message as one that it cannot handle.
    private async Task<bool> HandleAsync(ReceivedMessage received, CancellationToken running)
    {
        using var activity = Tracing.StartProcess(received.Message);
        try
        {
            await _handler(received, running).ConfigureAwait(false);
            return false;
        }
#pragma warning disable CA1031 // It may be any error.
        catch (Exception error) when (received.Attempt == _options.MaxAttempts && _options.GiveUpAsync is not null && error is not (ClaimLostException or StoreUnavailableException) && !running.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.MessageHandlerFailed(_logger, Name(received), received.Attempt, _options.MaxAttempts, error);
            await _options.GiveUpAsync(received, error, running).ConfigureAwait(false);
            return true;
        }
    }

    private bool SelectKey(MqttApplicationMessage message, out DeduplicationKey? key)
    {
        try
        {
            key = _options.KeySelector(message);
            if (key is { } given && (given.PublisherId is null || string.IsNullOrEmpty(given.MessageId))) throw new InvalidOperationException("The key has no message id, or its publisher id is null.");
            return true;
        }
#pragma warning disable CA1031 // The selector is the application's: what it throws must not end the processing of others.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Log.KeySelectorFailed(_logger, message.Topic, error);
            key = null;
            return false;
        }
    }

    private static string Name(ReceivedMessage received) => received.Key?.ToString() ?? received.Message.Topic;

#pragma warning disable CA5394 // Jitter, not a secret.
    private TimeSpan Wait(int attempt) => Backoff.Draw(attempt - 1, _options.MinBackoff, _options.MaxBackoff, Random.Shared);
#pragma warning restore CA5394

    private void Count(DeduplicationOutcome outcome)
    {
        switch (outcome)
        {
            case DeduplicationOutcome.Processed: Interlocked.Increment(ref _processed); break;
            case DeduplicationOutcome.Duplicate: Interlocked.Increment(ref _duplicates); break;
            case DeduplicationOutcome.HandledWithoutId or DeduplicationOutcome.IgnoredWithoutId: Interlocked.Increment(ref _withoutId); break;
            case DeduplicationOutcome.GivenUp: Interlocked.Increment(ref _givenUp); break;
            default: Interlocked.Increment(ref _failed); break;
        }
    }
}
