using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>Checks the options before anything is opened: what cannot be reliable, or cannot work, is refused with the option's name.</summary>
internal static class OptionsValidator
{
    /// <summary>The longest publisher id, in characters.</summary>
    public const int MaxPublisherIdLength = 128;

    /// <summary>The largest payload that any MQTT packet could hold.</summary>
    public const int MaxPayload = 268_435_455;

    // A timer of .NET holds 2^32 − 2 ms. Longer waits would fail much later, in the middle of something.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(49);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    /// <summary>Throws for the first option that is not as its documentation asks.</summary>
    /// <exception cref="ArgumentException">The message begins with the option's name, which is also its ParamName.</exception>
    public static void Validate(ReliablePublisherOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckIdentity(options);
        CheckSession(options);
        CheckLimits(options);
        CheckWaits(options);
    }

    private static void CheckIdentity(ReliablePublisherOptions options)
    {
        Require(!string.IsNullOrWhiteSpace(options.PublisherId), nameof(options.PublisherId),
            "is missing: the session at the broker and the ledger are found by it, so it must be the same after each restart");
        Require(options.PublisherId.Length <= MaxPublisherIdLength, nameof(options.PublisherId),
            $"has at most {MaxPublisherIdLength} characters, not {options.PublisherId.Length}");
        if (MqttText.FindProblem(options.PublisherId) is { } problem) Require(false, nameof(options.PublisherId), problem);
        Require(options.Mqtt is not null || options.AcceptOnly, nameof(options.Mqtt), "is missing: say where the broker is");
        Require(options.Ledger is not null, nameof(options.Ledger), "is missing: say where accepted messages are kept");
        Require(options.TimeProvider is not null, nameof(options.TimeProvider), "must not be null: leave it out for the system's clock");
    }

    private static void CheckSession(ReliablePublisherOptions options)
    {
        Require(options.SessionExpiry != TimeSpan.Zero, nameof(options.SessionExpiry),
            "must not be 0: a session that ends with the connection cannot resume");
        Require(options.SessionExpiry >= TimeSpan.FromMinutes(1), nameof(options.SessionExpiry),
            $"must be at least 1 min, not {options.SessionExpiry}: it has to outlast an outage");
        Require(options.SessionExpiry.TotalSeconds <= uint.MaxValue, nameof(options.SessionExpiry),
            $"must be at most {uint.MaxValue} seconds, which stand for a session that never ends, not {options.SessionExpiry}");
        Require(Enum.IsDefined(options.SessionLossPolicy), nameof(options.SessionLossPolicy), $"has no value {options.SessionLossPolicy}");
        Require(Enum.IsDefined(options.Ordering), nameof(options.Ordering), $"has no value {options.Ordering}");
        Require(Enum.IsDefined(options.Overflow), nameof(options.Overflow), $"has no value {options.Overflow}");
    }

    private static void CheckLimits(ReliablePublisherOptions options)
    {
        Require(options.MaxInFlight is >= 1 and <= 4_096, nameof(options.MaxInFlight), $"must be 1 … 4096, not {options.MaxInFlight}");
        Require(options.MaxInFlightMqtt311 is >= 1 and <= 4_096, nameof(options.MaxInFlightMqtt311), $"must be 1 … 4096, not {options.MaxInFlightMqtt311}");
        Require(options.MaxAttempts >= 1, nameof(options.MaxAttempts), $"must be at least 1, not {options.MaxAttempts}");
        Require(options.MaxPending >= 1, nameof(options.MaxPending), $"must be at least 1, not {options.MaxPending}");
        Require(options.MaxPayloadSize is >= 1 and <= MaxPayload, nameof(options.MaxPayloadSize),
            $"must be 1 … {MaxPayload} bytes, the most that a packet holds, not {options.MaxPayloadSize}");
        Require(options.MaxPendingBytes >= options.MaxPayloadSize, nameof(options.MaxPendingBytes),
            $"must be at least MaxPayloadSize ({options.MaxPayloadSize}), not {options.MaxPendingBytes}: the largest message would never fit");
        Require(options.MaxDeadLetters >= 1, nameof(options.MaxDeadLetters), $"must be at least 1, not {options.MaxDeadLetters}");
        Require(options.DeadLetterRetention > TimeSpan.Zero, nameof(options.DeadLetterRetention),
            $"must be above 0, not {options.DeadLetterRetention}");
        Require(options.DeduplicationWindow >= TimeSpan.Zero, nameof(options.DeduplicationWindow),
            $"must not be negative: {options.DeduplicationWindow}");
    }

    private static void CheckWaits(ReliablePublisherOptions options)
    {
        RequireWait(options.AckTimeout, OneSecond, nameof(options.AckTimeout));
        RequireWait(options.ConnectTimeout, OneSecond, nameof(options.ConnectTimeout));
        if (options.ConfirmTimeout != Timeout.InfiniteTimeSpan)
            RequireWait(options.ConfirmTimeout, TimeSpan.FromTicks(1), nameof(options.ConfirmTimeout), "; Timeout.InfiniteTimeSpan waits without end");
        RequireWait(options.MinBackoff, TimeSpan.FromTicks(1), nameof(options.MinBackoff));
        Require(options.MaxBackoff >= options.MinBackoff, nameof(options.MaxBackoff),
            $"must be at least MinBackoff ({options.MinBackoff}), not {options.MaxBackoff}");
        RequireWait(options.MaxBackoff, options.MinBackoff, nameof(options.MaxBackoff));
        RequireWait(options.LeaseDuration, TimeSpan.FromSeconds(5), nameof(options.LeaseDuration));
        RequireWait(options.ShutdownTimeout, TimeSpan.Zero, nameof(options.ShutdownTimeout));
        RequireWait(options.FaultedRetryInterval, OneSecond, nameof(options.FaultedRetryInterval));
        RequireWait(options.LedgerStartTimeout, TimeSpan.Zero, nameof(options.LedgerStartTimeout));
    }

    private static void RequireWait(TimeSpan value, TimeSpan least, string name, string hint = "")
    {
        var lower = least == TimeSpan.FromTicks(1) ? "above 0" : least == TimeSpan.Zero ? "not negative" : $"at least {least}";
        Require(value >= least && value <= LongestWait, name, $"must be {lower} and at most {LongestWait.TotalDays} days, not {value}{hint}");
    }

    private static void Require(bool condition, string name, string problem)
    {
        if (!condition) throw new ArgumentException($"{name} {problem}.", name);
    }
}
