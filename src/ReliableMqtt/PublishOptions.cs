using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt;

/// <summary>What a single publishing call may set. Every member has a default.</summary>
public sealed record PublishOptions
{
    /// <summary>
    /// The application's idempotency key. Publishing with an id that is pending, or was finished within
    /// <see cref="ReliablePublisherOptions.DeduplicationWindow"/>, gives the receipt of the first message and stores nothing. Default: an automatic id.
    /// </summary>
    public MessageId MessageId { get; init; }

    /// <summary>The RETAIN flag (MQTT 5 §3.3.1.3). Default false.</summary>
    public bool Retain { get; init; }

    /// <summary>How long the call waits for the confirm; the message stays in the ledger after that. Default <see cref="ReliablePublisherOptions.ConfirmTimeout"/>.</summary>
    public TimeSpan? ConfirmTimeout { get; init; }

    /// <summary>
    /// The message is dropped, and reported as expired, when it could not be sent within this time of its acceptance; what is left of it goes
    /// along as Message Expiry Interval (MQTT 5 §3.3.2.3.3). A message whose PUBLISH was sent never expires here. QoS 0 is never
    /// stored, so there it only goes along. At least 1 s. Default: never.
    /// </summary>
    public TimeSpan? MessageExpiry { get; init; }

    /// <summary>Content Type (MQTT 5 §3.3.2.3.9).</summary>
    public string? ContentType { get; init; }

    /// <summary>Response Topic (MQTT 5 §3.3.2.3.5).</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>Correlation Data (MQTT 5 §3.3.2.3.6).</summary>
    public ReadOnlyMemory<byte>? CorrelationData { get; init; }

    /// <summary>Payload Format Indicator (MQTT 5 §3.3.2.3.2).</summary>
    public MqttPayloadFormatIndicator PayloadFormatIndicator { get; init; }

    /// <summary>User Properties (MQTT 5 §3.3.2.3.7); the library adds the message id as <see cref="MessageId.UserPropertyName"/>.</summary>
    public IReadOnlyList<MqttUserProperty>? UserProperties { get; init; }
}
