using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>A message in flight, as the session keeps it. Mutable; owned by the session.</summary>
internal sealed class Handshake(LedgerRecord record, PacketId packetId, SendOrder order)
{
    private CompactTime _sentAt;
    private Detour? _detour;

    // Valid for the life of the message.
    public LedgerRecord Record { get; set; } = record;
    /// <summary>Refusals that count against the limit of attempts; "quota exceeded" and "packet identifier in use" do not.</summary>
    public int Refusals { get; set; } = record.Refusals;
    /// <summary>How often it was sent as a new message, as far as this process knows.</summary>
    public int Attempts { get; set; } = record.Refusals + 1;
    /// <summary>It was refused and is not settled: strict order holds back what was not sent yet.</summary>
    public bool HoldsOthers { get; set; }
    /// <summary>Connections that the peer has ended with it as the oldest in flight, since the broker's last word on it.</summary>
    public int Suspicion
    {
        get => _detour?.Suspicion ?? 0;
        set => Set(value, static (detour, suspicion) => detour.Suspicion = suspicion);
    }

    /// <summary>Connections that the peer has ended while it was alone on them, since then.</summary>
    public int Strikes
    {
        get => _detour?.Strikes ?? 0;
        set => Set(value, static (detour, strikes) => detour.Strikes = strikes);
    }

    // Valid for the session at the broker.
    public PacketId PacketId { get; set; } = packetId;
    public HandshakeStage Stage { get; set; } = HandshakeStage.Storing;
    public SendOrder Order { get; set; } = order;
    public long ReleaseOrder { get; set; }

    /// <summary>A byte of its PUBLISH may have left in this session: a resend carries DUP, and losing the session leaves its fate open.</summary>
    public bool EverSent { get; set; }

    /// <summary>Its PUBLISH was resent with DUP in this session.</summary>
    public bool Resent { get; set; }

    // Valid for one connection.
    /// <summary>The connection that its PUBLISH or PUBREL last left on; 0 for none.</summary>
    public int SentOn { get; set; }
    public DateTimeOffset SentAt
    {
        get => (DateTimeOffset?)_sentAt ?? default;
        set => _sentAt = value;
    }

    /// <summary>The place of that packet among all that left: the broker reads them in this order.</summary>
    public long SentPlace { get; set; }

    /// <summary>The stage that the ledger has it in; null until it has it in flight.</summary>
    public InflightStage? Kept { get; set; }

    // What the next or the outstanding commit says of it.
    /// <summary>The operation that carries its present stage to the ledger; 0 while that is still to be put into one.</summary>
    public long StoredBy { get; set; }
    public PacketId NewPacketId
    {
        get => _detour?.NewPacketId ?? default;
        set => Set(value, static (detour, id) => detour.NewPacketId = id);
    }

    public SendOrder NewOrder
    {
        get => _detour?.NewOrder ?? default;
        set => Set(value, static (detour, order) => detour.NewOrder = order);
    }

    public DateTimeOffset? DueAt
    {
        get => _detour?.DueAt;
        set => Set(value, static (detour, due) => detour.DueAt = due);
    }

    public DeadLetterReason? Reason
    {
        get => _detour?.Reason;
        set => Set(value, static (detour, reason) => detour.Reason = reason);
    }

    /// <summary>The code and text of the ack that settles it: of PUBACK, or of PUBREC at QoS 2.</summary>
    public byte AckCode { get; set; }
    public string? AckText
    {
        get => _detour?.AckText;
        set => Set(value, static (detour, text) => detour.AckText = text);
    }

    /// <summary>The packet id was refused as in use: it must not be given out again in this session.</summary>
    public bool PacketIdTainted { get; set; }

    public bool IsExactlyOnce => Record.QualityOfService == MqttQualityOfServiceLevel.ExactlyOnce;

    /// <summary>What the ledger has of it.</summary>
    public InflightEntry ToEntry() => new(PacketId, Record, new InflightState(
        Kept!.Value, Order, Kept == InflightStage.Released ? ReleaseOrder : 0, Refusals, Kept == InflightStage.Parked ? DueAt : null));

    /// <summary>It counts against the window: the broker holds it, or is about to.</summary>
    public bool IsOpen => Stage is HandshakeStage.Storing or HandshakeStage.Sent or HandshakeStage.Releasing
        or HandshakeStage.Released or HandshakeStage.Renewing;

    /// <summary>Its end is known and is part of this operation, or was of an earlier one.</summary>
    public bool IsFinishedBy(long operation) => Stage == HandshakeStage.Finished
        || (Stage is HandshakeStage.Confirming or HandshakeStage.Abandoning && StoredBy == operation);

    private void Set<T>(T value, Action<Detour, T> set)
    {
        if (_detour is not null || !EqualityComparer<T>.Default.Equals(value, default)) set(_detour ??= new Detour(), value);
    }

    /// <summary>What most messages never come to: a refusal, another packet id, the suspicion that it ends connections.</summary>
    private sealed class Detour
    {
        public int Suspicion;
        public int Strikes;
        public PacketId NewPacketId;
        public SendOrder NewOrder;
        public DateTimeOffset? DueAt;
        public DeadLetterReason? Reason;
        public string? AckText;
    }
}
