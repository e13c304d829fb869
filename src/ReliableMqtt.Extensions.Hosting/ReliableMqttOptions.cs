namespace ReliableMqtt;

/// <summary>
/// The settings of a hosted publisher, as a section of the configuration has them. They mean what the options of the same names of <see cref="ReliablePublisherOptions"/> mean, with the same
/// defaults and bounds, and are checked when the host starts.
/// </summary>
public sealed class ReliableMqttOptions
{
    private static readonly ReliablePublisherOptions Defaults = new() { PublisherId = "", Ledger = null! };

    /// <inheritdoc cref="ReliablePublisherOptions.PublisherId" />
    public string PublisherId { get; set; } = "";

    /// <summary>Where the broker is. What is not here is set by <see cref="ReliableMqttBuilderExtensions.ConfigureMqttClient"/>.</summary>
    public ReliableMqttBrokerOptions Broker { get; set; } = new();

    /// <inheritdoc cref="ReliablePublisherOptions.AcceptOnly" />
    public bool AcceptOnly { get; set; }

    /// <inheritdoc cref="ReliablePublisherOptions.SessionExpiry" />
    public TimeSpan SessionExpiry { get; set; } = Defaults.SessionExpiry;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxInFlight" />
    public int MaxInFlight { get; set; } = Defaults.MaxInFlight;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxInFlightMqtt311" />
    public int MaxInFlightMqtt311 { get; set; } = Defaults.MaxInFlightMqtt311;

    /// <inheritdoc cref="ReliablePublisherOptions.AckTimeout" />
    public TimeSpan AckTimeout { get; set; } = Defaults.AckTimeout;

    /// <inheritdoc cref="ReliablePublisherOptions.ConfirmTimeout" />
    public TimeSpan ConfirmTimeout { get; set; } = Defaults.ConfirmTimeout;

    /// <inheritdoc cref="ReliablePublisherOptions.ConnectTimeout" />
    public TimeSpan ConnectTimeout { get; set; } = Defaults.ConnectTimeout;

    /// <inheritdoc cref="ReliablePublisherOptions.MinBackoff" />
    public TimeSpan MinBackoff { get; set; } = Defaults.MinBackoff;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxBackoff" />
    public TimeSpan MaxBackoff { get; set; } = Defaults.MaxBackoff;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxAttempts" />
    public int MaxAttempts { get; set; } = Defaults.MaxAttempts;

    /// <inheritdoc cref="ReliablePublisherOptions.SessionLossPolicy" />
    public SessionLossPolicy SessionLossPolicy { get; set; } = Defaults.SessionLossPolicy;

    /// <inheritdoc cref="ReliablePublisherOptions.Ordering" />
    public PublishOrdering Ordering { get; set; } = Defaults.Ordering;

    /// <inheritdoc cref="ReliablePublisherOptions.LeaseDuration" />
    public TimeSpan LeaseDuration { get; set; } = Defaults.LeaseDuration;

    /// <inheritdoc cref="ReliablePublisherOptions.DeduplicationWindow" />
    public TimeSpan DeduplicationWindow { get; set; } = Defaults.DeduplicationWindow;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxPending" />
    public long MaxPending { get; set; } = Defaults.MaxPending;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxPendingBytes" />
    public long MaxPendingBytes { get; set; } = Defaults.MaxPendingBytes;

    /// <inheritdoc cref="ReliablePublisherOptions.Overflow" />
    public OverflowPolicy Overflow { get; set; } = Defaults.Overflow;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxPayloadSize" />
    public int MaxPayloadSize { get; set; } = Defaults.MaxPayloadSize;

    /// <inheritdoc cref="ReliablePublisherOptions.MaxDeadLetters" />
    public int MaxDeadLetters { get; set; } = Defaults.MaxDeadLetters;

    /// <inheritdoc cref="ReliablePublisherOptions.DeadLetterRetention" />
    public TimeSpan DeadLetterRetention { get; set; } = Defaults.DeadLetterRetention;

    /// <summary>How long the end of the host waits for confirms of what is pending; keep it below <c>HostOptions.ShutdownTimeout</c>. What is pending stays in the ledger. Default 10 s.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = Defaults.ShutdownTimeout;

    /// <inheritdoc cref="ReliablePublisherOptions.FaultedRetryInterval" />
    public TimeSpan FaultedRetryInterval { get; set; } = Defaults.FaultedRetryInterval;

    /// <inheritdoc cref="ReliablePublisherOptions.RequireDurableLedger" />
    public bool RequireDurableLedger { get; set; }

    /// <summary>How long the start of the host waits for an unreachable ledger before it fails. It never waits for the broker. Default zero: not at all.</summary>
    public TimeSpan LedgerStartTimeout { get; set; }

    /// <inheritdoc cref="ReliablePublisherOptions.PropagateTraceContext" />
    public bool PropagateTraceContext { get; set; } = Defaults.PropagateTraceContext;

    /// <summary>Not in a configuration: set by code.</summary>
    /// <inheritdoc cref="ReliablePublisherOptions.ShouldRetry" />
    public Func<PublishRefusal, bool?>? ShouldRetry { get; set; }

    /// <summary>Above this age of the oldest unfinished message the health check says Degraded. Above 0. Default 5 min.</summary>
    public TimeSpan OldestPendingLimit { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Where the broker is, and who is connecting. Read again for each connection, so that a changed configuration counts from the next one on.</summary>
public sealed class ReliableMqttBrokerOptions
{
    /// <summary>Its name or address; empty when <see cref="ReliableMqttBuilderExtensions.ConfigureMqttClient"/> says where it is.</summary>
    public string Host { get; set; } = "";

    /// <summary>Its port, 1 … 65,535; null for 8883 with TLS and 1883 without (MQTT's registered ports). Default null.</summary>
    public int? Port { get; set; }

    /// <summary>Whether to use TLS, with the system's own checks of the certificate. Default false.</summary>
    public bool UseTls { get; set; }

    /// <summary>User name, or null.</summary>
    public string? UserName { get; set; }

    /// <summary>Password, or null.</summary>
    public string? Password { get; set; }

    /// <summary>Protocol version: <c>5.0</c> or <c>3.1.1</c>. Default 5.0.</summary>
    public string ProtocolVersion { get; set; } = "5.0";

    /// <summary>Keep Alive (MQTT 5 §3.1.2.10), up to 65,535 s; zero for none. Default 15 s.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);
}
