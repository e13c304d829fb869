using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt;

/// <summary>What is true of one published message: the answer of every publishing call, and part of every exception of one.</summary>
/// <remarks>A receipt is a snapshot. What another process cannot know of a message is null in a receipt from <see cref="IReliablePublisher.GetReceiptAsync"/>.</remarks>
public sealed record PublishReceipt
{
    // There is one for each message, so what is small is kept small; the numbers that may be missing are kept as one more than they are.
    private readonly CompactTime _acceptedAt;
    private readonly CompactTime _confirmedAt;
    private readonly uint _attempts;
    private readonly ushort _reasonCode;
    private readonly byte _outcome;
    private readonly byte _facts;

    // In _facts: the quality of service and one in two bits, and two that are true or not.
    private const byte QualityBits = 3, DuplicateBit = 4, NoSubscribersBit = 8;

    /// <summary>The message id; empty for QoS 0, and for a message without an id of the application's that was not accepted.</summary>
    public MessageId MessageId { get; init; }

    /// <summary>The topic.</summary>
    public string? Topic { get; init; }

    /// <summary>The quality of service; null when it is not known, and when the message was refused since it had none of the three.</summary>
    public MqttQualityOfServiceLevel? QualityOfService
    {
        get => (_facts & QualityBits) == 0 ? null : (MqttQualityOfServiceLevel)((_facts & QualityBits) - 1);
        init => _facts = (byte)((_facts & ~QualityBits) | (value is >= MqttQualityOfServiceLevel.AtMostOnce and <= MqttQualityOfServiceLevel.ExactlyOnce and { } quality ? (int)quality + 1 : 0));
    }

    /// <summary>What is true of the message.</summary>
    public required PublishOutcome Outcome
    {
        get => (PublishOutcome)_outcome;
        init => _outcome = (byte)value;
    }

    /// <summary>How often the message was sent as a new one: 1 unless the broker refused it for a time. Resends of an unfinished handshake do not count.</summary>
    public int? Attempts
    {
        get => _attempts == 0 ? null : (int)(_attempts - 1);
        init => _attempts = value is { } attempts ? (uint)attempts + 1 : 0;
    }

    /// <summary>The MQTT 5 reason code of the ack that finished it (MQTT 5 §3.4.2.1, §3.5.2.1); null on MQTT 3.1.1, and where there was none.</summary>
    public byte? ReasonCode
    {
        get => _reasonCode == 0 ? null : (byte)(_reasonCode - 1);
        init => _reasonCode = value is { } code ? (ushort)(code + 1) : (ushort)0;
    }

    /// <summary>The broker's Reason String, or our own words on why the message was given up.</summary>
    public string? ReasonString { get; init; }

    /// <summary>True when a message with this id was known already: nothing was stored by this call, and the receipt is of the first one.</summary>
    public bool IsDuplicate
    {
        get => (_facts & DuplicateBit) != 0;
        init => _facts = (byte)(value ? _facts | DuplicateBit : _facts & ~DuplicateBit);
    }

    /// <summary>True when the broker said that nobody subscribes to the topic (0x10). The message counts as confirmed.</summary>
    public bool NoMatchingSubscribers
    {
        get => (_facts & NoSubscribersBit) != 0;
        init => _facts = (byte)(value ? _facts | NoSubscribersBit : _facts & ~NoSubscribersBit);
    }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset? AcceptedAt
    {
        get => _acceptedAt;
        init => _acceptedAt = value;
    }

    /// <summary>When the broker confirmed it.</summary>
    public DateTimeOffset? ConfirmedAt
    {
        get => _confirmedAt;
        init => _confirmedAt = value;
    }

    /// <summary>True when nothing more will happen to the message.</summary>
    public bool IsFinal => Outcome is not (PublishOutcome.Pending or PublishOutcome.Unknown);
}
