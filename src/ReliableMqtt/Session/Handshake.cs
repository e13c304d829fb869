using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Session;

/// <summary>A message in flight, as the session keeps it. Mutable; owned by the session, which may have it serve another message when it is over.</summary>
internal sealed class Handshake
{
    private Life _life;
    private bool _isPoisoned;

    public Handshake(LedgerRecord record, PacketId packetId, SendOrder order) => Begin(record, packetId, order);

    /// <summary>Whatever it was before, it is as a new one of this message.</summary>
    public void Begin(LedgerRecord record, PacketId packetId, SendOrder order) => Its = new Life
    {
        Record = record,
        PacketId = packetId,
        Order = order,
        Stage = HandshakeStage.Storing,
        Refusals = record.Refusals,
        Attempts = record.Refusals + 1,
    };

    /// <summary>Keeps nothing of its message.</summary>
    public void End() => Its = default;

    /// <summary>For tests: it is never to be used again, and who does so gets an exception.</summary>
    public void Poison() => _isPoisoned = true;

    // Valid for the life of the message.
    public LedgerRecord Record { get => Its.Record; set => Its.Record = value; }

    /// <summary>Refusals that count against the limit of attempts; "quota exceeded" and "packet identifier in use" do not.</summary>
    public int Refusals { get => Its.Refusals; set => Its.Refusals = value; }

    /// <summary>How often it was sent as a new message, as far as this process knows.</summary>
    public int Attempts { get => Its.Attempts; set => Its.Attempts = value; }

    /// <summary>It was refused and is not settled: strict order holds back what was not sent yet.</summary>
    public bool HoldsOthers { get => Its.HoldsOthers; set => Its.HoldsOthers = value; }

    /// <summary>Connections that the peer has ended with it as the oldest in flight, since the broker's last word on it.</summary>
    public int Suspicion
    {
        get => Its.Detour?.Suspicion ?? 0;
        set => Set(value, static (detour, suspicion) => detour.Suspicion = suspicion);
    }

    /// <summary>Connections that the peer has ended while it was alone on them, since then.</summary>
    public int Strikes
    {
        get => Its.Detour?.Strikes ?? 0;
        set => Set(value, static (detour, strikes) => detour.Strikes = strikes);
    }

    // Valid for the session at the broker.
    public PacketId PacketId { get => Its.PacketId; set => Its.PacketId = value; }

    public HandshakeStage Stage { get => Its.Stage; set => Its.Stage = value; }

    public SendOrder Order { get => Its.Order; set => Its.Order = value; }

    public long ReleaseOrder { get => Its.ReleaseOrder; set => Its.ReleaseOrder = value; }

    /// <summary>A byte of its PUBLISH may have left in this session: a resend carries DUP, and losing the session leaves its fate open.</summary>
    public bool EverSent { get => Its.EverSent; set => Its.EverSent = value; }

    /// <summary>Its PUBLISH was resent with DUP in this session.</summary>
    public bool Resent { get => Its.Resent; set => Its.Resent = value; }

    // Valid for one connection.
    /// <summary>The connection that its PUBLISH or PUBREL last left on; 0 for none.</summary>
    public int SentOn { get => Its.SentOn; set => Its.SentOn = value; }

    public DateTimeOffset SentAt
    {
        get => (DateTimeOffset?)Its.SentAt ?? default;
        set => Its.SentAt = value;
    }

    /// <summary>The place of that packet among all that left: the broker reads them in this order.</summary>
    public long SentPlace { get => Its.SentPlace; set => Its.SentPlace = value; }

    /// <summary>The stage that the ledger has it in; null until it has it in flight.</summary>
    public InflightStage? Kept { get => Its.Kept; set => Its.Kept = value; }

    // What the next or the outstanding commit says of it.
    /// <summary>The operation that carries its present stage to the ledger; 0 while that is still to be put into one.</summary>
    public long StoredBy { get => Its.StoredBy; set => Its.StoredBy = value; }

    public PacketId NewPacketId
    {
        get => Its.Detour?.NewPacketId ?? default;
        set => Set(value, static (detour, id) => detour.NewPacketId = id);
    }

    public SendOrder NewOrder
    {
        get => Its.Detour?.NewOrder ?? default;
        set => Set(value, static (detour, order) => detour.NewOrder = order);
    }

    public DateTimeOffset? DueAt
    {
        get => Its.Detour?.DueAt;
        set => Set(value, static (detour, due) => detour.DueAt = due);
    }

    public DeadLetterReason? Reason
    {
        get => Its.Detour?.Reason;
        set => Set(value, static (detour, reason) => detour.Reason = reason);
    }

    /// <summary>The code and text of the ack that settles it: of PUBACK, or of PUBREC at QoS 2.</summary>
    public byte AckCode { get => Its.AckCode; set => Its.AckCode = value; }

    public string? AckText
    {
        get => Its.Detour?.AckText;
        set => Set(value, static (detour, text) => detour.AckText = text);
    }

    /// <summary>The packet id was refused as in use: it must not be given out again in this session.</summary>
    public bool PacketIdTainted { get => Its.PacketIdTainted; set => Its.PacketIdTainted = value; }

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

    /// <summary>Confirmed, and the ledger knows; and it had gone straight there: it was never refused, moved, suspected or given up, and never taken back from a commit.</summary>
    public bool IsPlainlyOver => Its is { Stage: HandshakeStage.Finished, Kept: not null, Detour: null };

    private ref Life Its
    {
        get
        {
            if (_isPoisoned) ThrowPoisoned();
            return ref _life;
        }
    }

    // Apart, so that what looks here is compiled inline.
    private static void ThrowPoisoned() => throw new InvalidOperationException("A handshake that is over, and may be that of another message by now, is still in use.");

    private void Set<T>(T value, Action<Detour, T> set)
    {
        if (Its.Detour is not null || !EqualityComparer<T>.Default.Equals(value, default)) set(Its.Detour ??= new Detour(), value);
    }

    /// <summary>All that it knows, in one piece: nothing of one message can be left for the next.</summary>
    private struct Life
    {
        public LedgerRecord Record;
        public Detour? Detour;
        public CompactTime SentAt;
        public SendOrder Order;
        public long ReleaseOrder;
        public long SentPlace;
        public long StoredBy;
        public int Refusals;
        public int Attempts;
        public int SentOn;
        public PacketId PacketId;
        public InflightStage? Kept;
        public HandshakeStage Stage;
        public byte AckCode;
        public bool HoldsOthers;
        public bool EverSent;
        public bool Resent;
        public bool PacketIdTainted;
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
