using MQTTnet.Protocol;

namespace ReliableMqtt.Messages;

/// <summary>A message as the ledger keeps it: everything that is needed to publish it again, in any process. Immutable.</summary>
public sealed record LedgerRecord
{
    private long _sequence;
    private MessageId _messageId;
    private readonly CompactTime _acceptedAt;
    private readonly byte _qualityOfService;

    // What most messages do not have, in an object of its own; null where there is none of it, so that equal records are equal.
    private readonly Rest? _rest;

    /// <summary>Its place in the order of the publisher id; 0 until the ledger has accepted it.</summary>
    public long Sequence
    {
        get => _sequence;
        init => _sequence = value;
    }

    /// <summary>The message id. Empty until the ledger has accepted it when the application gave none: see <see cref="MessageId.ForSequence"/>.</summary>
    public MessageId MessageId
    {
        get => _messageId;
        init => _messageId = value;
    }

    /// <summary>The full topic; topic aliases never reach the ledger.</summary>
    public required string Topic { get; init; }

    /// <summary>The payload: a copy that nobody changes.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>1 or 2; QoS 0 is never stored.</summary>
    public required MqttQualityOfServiceLevel QualityOfService
    {
        get => (MqttQualityOfServiceLevel)_qualityOfService;
        init => _qualityOfService = (byte)value;
    }

    /// <summary>The RETAIN flag.</summary>
    public bool Retain { get; init; }

    /// <summary>When the message was accepted, by the accepting process's clock.</summary>
    public DateTimeOffset AcceptedAt
    {
        get => (DateTimeOffset?)_acceptedAt ?? default;
        init => _acceptedAt = value;
    }

    /// <summary>When it expires unless its PUBLISH was sent before; null for never.</summary>
    public DateTimeOffset? ExpiresAt
    {
        get => _rest?.ExpiresAt ?? default;
        init => _rest = Rest.With(_rest, value, static (rest, expiresAt) => rest with { ExpiresAt = expiresAt });
    }

    /// <summary>How often it was refused and is tried anew; 0 at first.</summary>
    public int Refusals { get; init; }

    /// <summary>Names the ledger object that accepted it without the lease, so that it can be told the end; 0 when the owner itself did. Set by the ledger.</summary>
    public ulong Acceptor
    {
        get => _rest?.Acceptor ?? 0;
        init => _rest = Rest.With(_rest, value, static (rest, acceptor) => rest with { Acceptor = acceptor });
    }

    /// <summary>Its number among those of its acceptor, rising: both together name the message before it has a sequence, and when it has lost it. Set by the ledger.</summary>
    public long AcceptorNumber
    {
        get => _rest?.AcceptorNumber ?? 0;
        init => _rest = Rest.With(_rest, value, static (rest, number) => rest with { AcceptorNumber = number });
    }

    /// <summary>MQTT 5 properties, or null.</summary>
    public MessageProperties? Properties
    {
        get => _rest?.Properties;
        init => _rest = Rest.With(_rest, value, static (rest, properties) => rest with { Properties = properties });
    }

    /// <summary>True when the application gave the id, so that the ledger keeps an index of it for deduplication.</summary>
    public bool HasApplicationId => !MessageId.IsEmpty && !MessageId.IsAutomatic;

    /// <summary>What the message counts for against a limit in bytes: its parts, and a flat 64 for the rest. It does not change when the id is given.</summary>
    public int Size => Payload.Length + Topic.Length + (Properties?.Size ?? 0) + 64;

    /// <summary>This message with a sequence, and the automatic id for it unless the application gave one. One that never had any is not copied: nobody but its sender knows it yet.</summary>
    internal LedgerRecord Stamp(ulong ledgerNonce, long sequence)
    {
        var id = HasApplicationId ? MessageId : MessageId.ForSequence(ledgerNonce, sequence);
        if (_sequence != 0) return this with { Sequence = sequence, MessageId = id };
        (_sequence, _messageId) = (sequence, id);
        return this;
    }

    private sealed record Rest
    {
        private static readonly Rest Nothing = new();

        public CompactTime ExpiresAt { get; init; }

        public ulong Acceptor { get; init; }

        public long AcceptorNumber { get; init; }

        public MessageProperties? Properties { get; init; }

        /// <summary>The rest of a record that has this as well. Other copies of the record keep theirs.</summary>
        public static Rest? With<T>(Rest? rest, T value, Func<Rest, T, Rest> set)
        {
            if (rest is null && EqualityComparer<T>.Default.Equals(value, default)) return null;
            var changed = set(rest ?? Nothing, value);
            return changed == Nothing ? null : changed;
        }
    }
}
