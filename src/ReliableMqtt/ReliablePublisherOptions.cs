using Microsoft.Extensions.Logging;
using MQTTnet;
using ReliableMqtt.Ledger;

namespace ReliableMqtt;

/// <summary>The settings of a <see cref="ReliablePublisher"/>. They are checked, and copied, by <see cref="ReliablePublisher.StartAsync"/>.</summary>
/// <remarks>Times that are waited for (timeouts, backoffs, intervals, the lease) are at most 49 days: a timer holds no more.</remarks>
public sealed record ReliablePublisherOptions
{
    /// <summary>
    /// Names the publisher: it is the MQTT client id and the name of the ledger. Mandatory, and the same after each restart, since the
    /// session at the broker and the ledger are found by it. At most 128 characters.
    /// </summary>
    public required string PublisherId { get; init; }

    /// <summary>
    /// How to reach the broker: address, TLS, credentials, protocol version, keep alive. Client id, Clean Start (0) and session expiry are set
    /// before it runs, and undoing them is an error. It runs again for each connection, so that credentials may change. Mandatory, unless
    /// <see cref="AcceptOnly"/> is set.
    /// </summary>
    public Action<MqttClientOptionsBuilder>? Mqtt { get; init; }

    /// <summary>
    /// This process only accepts messages into the shared ledger, and waits for their ends: it never asks for the lease and makes no connection to the broker. Another process with the same
    /// <see cref="PublisherId"/> and without this option must run to send them. For web front ends, say. Messages of QoS 0 are refused. Default false.
    /// </summary>
    public bool AcceptOnly { get; init; }

    /// <summary>Where accepted messages are kept. The publisher disposes it.</summary>
    public required AckLedger Ledger { get; init; }

    /// <summary>Attaches handlers to the client before its first connect (subscriptions belong into <see cref="ReliablePublisher.ConnectionStateChangedAsync"/> or after the start). Default: none.</summary>
    public Action<IMqttClient>? ConfigureClient { get; init; }

    /// <summary>How long the broker keeps the session while there is no connection (MQTT 5 §3.1.2.11.2); it must outlast any outage. 1 min … 4,294,967,295 s, which stand for ever. Default 7 days.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How many messages may be in flight; the broker's Receive Maximum lowers it. 1 … 4,096. Default 256.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>
    /// The same on MQTT 3.1.1, where a broker cannot say how many it takes, and what it refuses beyond that looks like success: mosquitto's own limit by
    /// default. Raise it only together with the broker's. 1 … 4,096. Default 20.
    /// </summary>
    public int MaxInFlightMqtt311 { get; init; } = 20;

    /// <summary>An ack overdue by this time leads to a ping and then to a new connection, on which the handshake is resumed. At least 1 s. Default 30 s.</summary>
    public TimeSpan AckTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a publishing call waits for its confirm; the message stays in the ledger after that. Above 0, or <see cref="Timeout.InfiniteTimeSpan"/>. Default 60 s.</summary>
    public TimeSpan ConfirmTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a single CONNECT may take. At least 1 s. Default 30 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The bound of the first random wait before a reconnect, or before a refused message is tried anew; it doubles each time (full jitter). Above 0. Default 0.5 s.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The bound that the doubling stops at. At least <see cref="MinBackoff"/>. Default 30 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a message that the broker refuses for a time is sent before it becomes a dead letter; "quota exceeded" (0x97) does not count. At least 1. Default 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>
    /// Asked for each message that the broker refuses (PUBACK or PUBREC of 0x80 and above): true sends it anew, false makes it a dead letter, null does what
    /// docs/reason-codes.md says for the code. <see cref="MaxAttempts"/> holds for whatever is sent anew, except "quota exceeded" (0x97). Not asked about "packet
    /// identifier in use" (0x91), which is no matter of the message, nor on MQTT 3.1.1, which has no refusals. It runs inside the dispatcher, one call at a time: it
    /// must return at once and change nothing. One that throws is logged, and counts as null. Default: none.
    /// </summary>
    public Func<PublishRefusal, bool?>? ShouldRetry { get; init; }

    /// <summary>What becomes of messages in flight when the broker has lost the session. Default <see cref="SessionLossPolicy.Republish"/>.</summary>
    public SessionLossPolicy SessionLossPolicy { get; init; } = SessionLossPolicy.Republish;

    /// <summary>What may overtake a refused message. Default <see cref="PublishOrdering.Strict"/>.</summary>
    public PublishOrdering Ordering { get; init; } = PublishOrdering.Strict;

    /// <summary>How long this process owns the publisher id without renewal, which happens at a third of it. At least 5 s. Default 10 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the outcome of a message with an id of the application's is kept at least. Not negative. Default 1 h.</summary>
    public TimeSpan DeduplicationWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many messages may be accepted and unfinished. At least 1. Default 1,000,000.</summary>
    public long MaxPending { get; init; } = 1_000_000;

    /// <summary>How many bytes of messages may be accepted and unfinished. At least <see cref="MaxPayloadSize"/>. Default 512 MiB.</summary>
    public long MaxPendingBytes { get; init; } = 512L << 20;

    /// <summary>What happens to a call while the ledger is full. Default <see cref="OverflowPolicy.Wait"/>.</summary>
    public OverflowPolicy Overflow { get; init; } = OverflowPolicy.Wait;

    /// <summary>The largest payload that is accepted, in bytes. 1 … 268,435,455. Default 256 KiB.</summary>
    public int MaxPayloadSize { get; init; } = 256 * 1024;

    /// <summary>How many dead letters are kept. At least 1. Default 10,000.</summary>
    public int MaxDeadLetters { get; init; } = 10_000;

    /// <summary>How long dead letters are kept. Above 0. Default 14 days.</summary>
    public TimeSpan DeadLetterRetention { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How long disposing waits for confirms of what is pending. Default 10 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait before a broker that refused for good is asked again. At least 1 s. Default 5 min.</summary>
    public TimeSpan FaultedRetryInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Refuse to start on a ledger that is not durable, instead of a warning. Default false.</summary>
    public bool RequireDurableLedger { get; init; }

    /// <summary>How long <see cref="ReliablePublisher.StartAsync"/> waits for an unreachable ledger before it fails. Default zero: not at all.</summary>
    public TimeSpan LedgerStartTimeout { get; init; }

    /// <summary>Where log messages go. Default: nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Makes the meter that <see cref="ReliableMqttTelemetry"/> names the instruments of; in a host, that of the container. Default: a meter of this publisher's own.</summary>
    public System.Diagnostics.Metrics.IMeterFactory? MeterFactory { get; init; }

    /// <summary>
    /// Whether the trace that a publishing call is part of goes to the receiver, in the user properties <c>traceparent</c> and <c>tracestate</c> (W3C Trace Context), the same in every resend. What the
    /// application has set itself stays; on MQTT 3.1.1 nothing is added. Default true.
    /// </summary>
    public bool PropagateTraceContext { get; init; } = true;

    /// <summary>What a suspect of ending connections has to wait for; see <see cref="Session.SessionSettings.Quiet"/>. For tests, which cannot wait that long.</summary>
    internal TimeSpan PoisonQuiet { get; init; } = new Session.SessionSettings().Quiet;

    /// <summary>Stands between the session and its connection, in both directions. Default: nothing does.</summary>
    internal Session.IWireFilter? WireFilter { get; init; }

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
