using MQTTnet.Protocol;

namespace ReliableMqtt;

/// <summary>
/// A PUBACK or PUBREC with a reason code of 0x80 or above (MQTT 5 §3.4.2.1, §3.5.2.1): the broker has not taken the message.
/// <see cref="ReliablePublisherOptions.ShouldRetry"/> is asked what to do about it.
/// </summary>
public sealed record PublishRefusal
{
    /// <summary>The message id.</summary>
    public required MessageId MessageId { get; init; }

    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The quality of service: 1 (PUBACK) or 2 (PUBREC).</summary>
    public required MqttQualityOfServiceLevel QualityOfService { get; init; }

    /// <summary>The broker's reason code, 0x80 or above.</summary>
    public required byte ReasonCode { get; init; }

    /// <summary>The broker's Reason String, or null.</summary>
    public string? ReasonString { get; init; }

    /// <summary>How often the message was sent as a new one, the refused time included: 1 at the first refusal.</summary>
    public required int Attempts { get; init; }

    /// <summary>When the message was accepted.</summary>
    public DateTimeOffset AcceptedAt { get; init; }
}
