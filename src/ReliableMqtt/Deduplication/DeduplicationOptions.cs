using Microsoft.Extensions.Logging;
using MQTTnet;

namespace ReliableMqtt.Deduplication;

/// <summary>How incoming messages are handled. Checked when it is used.</summary>
public sealed record DeduplicationOptions
{
    /// <summary>
    /// Tells the key of a message, or null when it has none. For senders of MQTT 3.1.1, which has no user properties, and for others that keep an id elsewhere: in the payload, or in the topic. It must
    /// give the same key for every copy, and different ones for different messages: a message whose key was seen before is thrown away. Default: <see cref="DeduplicationKey.Of"/>.
    /// </summary>
    public Func<MqttApplicationMessage, DeduplicationKey?> KeySelector { get; init; } = DeduplicationKey.Of;

    /// <summary>What has no id goes to the handler, each copy of it. If false it is acknowledged and thrown away, with a warning in the log. Default true.</summary>
    public bool HandleWithoutId { get; init; } = true;

    /// <summary>
    /// How long a message stays claimed without word of the process that handles it. The claim is prolonged while the handler runs, so this is not a limit of the handler's time but how
    /// long a message waits after the death of a process that had it in hand. At least 1 s. Default 30 s.
    /// </summary>
    public TimeSpan ClaimTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many messages are handled at a time. With 1, one after the other in the order of their arrival; with more there is no order. Acknowledgements keep the order of arrival (MQTT 5 §4.6) either way. 1 to 1,000. Default 1.</summary>
    public int MaxConcurrency { get; init; } = 1;

    /// <summary>How often the handler is called for one delivery when it throws. At least 1. Default 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Bound of the first random wait after a failure of the handler or of the store; it doubles from wait to wait. Above zero. Default 0.5 s.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Where the doubling stops. Not below <see cref="MinBackoff"/>. Default 30 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Takes a message on which the handler has failed <see cref="MaxAttempts"/> times, with the last error: the place for a dead letter of the application's. When it returns the message counts as
    /// handled and is acknowledged; when it throws, or there is none, the message is not acknowledged, and the broker sends it again on the next connection. Default: none.
    /// </summary>
    public Func<ReceivedMessage, Exception, CancellationToken, Task>? GiveUpAsync { get; init; }

    /// <summary>How long disposing waits for handlers that run, before it cancels them. Not negative. Default 10 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where log messages go. Default: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock of all waits; a store may have its own. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal DeduplicationOptions Checked()
    {
        ArgumentNullException.ThrowIfNull(KeySelector, nameof(KeySelector));
        ArgumentOutOfRangeException.ThrowIfLessThan(ClaimTimeout, TimeSpan.FromSeconds(1), nameof(ClaimTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrency, 1, nameof(MaxConcurrency));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConcurrency, 1_000, nameof(MaxConcurrency));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 1, nameof(MaxAttempts));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MinBackoff, TimeSpan.Zero, nameof(MinBackoff));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBackoff, MinBackoff, nameof(MaxBackoff));
        ArgumentOutOfRangeException.ThrowIfLessThan(ShutdownTimeout, TimeSpan.Zero, nameof(ShutdownTimeout));
        return this;
    }
}
