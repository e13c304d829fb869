using static ReliableMqtt.Session.HandshakeEffect;
using static ReliableMqtt.Session.HandshakeError;
using static ReliableMqtt.Session.HandshakeEvent;
using static ReliableMqtt.Session.HandshakeStage;

namespace ReliableMqtt.Session;

/// <summary>The answer of <see cref="HandshakeTable.Next"/>: a new stage with its effect, or an error that leaves the stage.</summary>
internal readonly record struct HandshakeStep(HandshakeStage Next, HandshakeEffect Effect, HandshakeError Error = HandshakeError.None)
{
    public bool IsLegal => Error == HandshakeError.None;
}

/// <summary>
/// The state machine of one handshake: every stage × event is a step or a typed error. The write-ahead rules are in its shape:
/// no step but one from <see cref="Stored"/> lets a first PUBLISH or a first PUBREL leave, or frees a packet id.
/// </summary>
/// <remarks>
/// <code>
///              Stored          PubAck (QoS 1)                  Stored
///  [Storing] ─────────▶ [Sent] ──────────────▶ [Confirming] ─────────▶ [Finished]
///   W1, W2   SendPublish  │ │                        ▲           W4
///                         │ │ PubRec (QoS 2)         │ PubComp
///                         │ └──▶ [Releasing] ──▶ [Released]
///                         │          W3   Stored: SendPubRel
///      RefusedForNow      │ RefusedForGood, Unsendable, Poisoned*, SessionLostGiveUp*
///      ┌──────────────────┴──────▶ [Abandoning] ──Stored──▶ [Finished]
///      ▼        Stored           Due             Stored: SendPublish
///  [Refusing] ────────▶ [Parked] ────▶ [Renewing] ────────▶ [Sent]
///                                           ▲ W2
///            SessionLostRepublish* ─────────┘            * also from Released, a lost session from Releasing as well
/// </code>
/// </remarks>
internal static class HandshakeTable
{
    /// <summary>What an event does in a stage.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="what">The event.</param>
    /// <param name="exactlyOnce">QoS 2, else QoS 1.</param>
    public static HandshakeStep Next(HandshakeStage stage, HandshakeEvent what, bool exactlyOnce) => (stage, what) switch
    {
        (Storing, Stored) => new(Sent, SendPublish),
        (Releasing, Stored) => new(Released, SendPubRel),
        (Confirming, Stored) => new(Finished, Finish),
        (Refusing, Stored) => new(Parked, HandshakeEffect.None),
        (Renewing, Stored) => new(Sent, SendPublish),
        (Abandoning, Stored) => new(Finished, Finish),
        (_, Stored) => Wrong(stage, Impossible),

        // An ack of the wrong kind is wrong in every stage (MQTT 5 §4.3.2, §4.3.3).
        (_, PubAck) when exactlyOnce => Wrong(stage, WrongKindOfAck),
        (_, PubRec or PubComp) when !exactlyOnce => Wrong(stage, WrongKindOfAck),

        (Sent, PubAck) => new(Confirming, Store),
        (Confirming, PubAck) => Stay(stage),

        (Sent, PubRec) => new(Releasing, Store),
        (Releasing, PubRec) => Stay(stage),
        // A repeated PUBREC is answered with PUBREL again (MQTT 5 §4.3.3-4): Released is stored, so W3 holds.
        (Released, PubRec) => new(Released, SendPubRel),
        (Confirming, PubRec) => new(Confirming, SendPubRel),

        (Released, PubComp) => new(Confirming, Store),
        (Confirming, PubComp) => Stay(stage),
        (Sent or Releasing, PubComp) => Wrong(stage, NotReleased),

        (Sent, RefusedForNow) => new(Refusing, Store),
        (Sent, RefusedForGood) => new(Abandoning, Store),
        (Releasing or Released or Confirming, RefusedForNow or RefusedForGood) => Wrong(stage, AlreadyAccepted),

        (Storing or Renewing, PubAck or PubRec or PubComp or RefusedForNow or RefusedForGood) => Wrong(stage, NothingSent),
        (Refusing or Parked or Abandoning, PubAck or PubRec or PubComp or RefusedForNow or RefusedForGood) => Wrong(stage, AlreadyRefused),

        // Only what the lost session may have held is touched by its loss.
        (Sent or Releasing or Released, SessionLostRepublish) => new(Renewing, Store),
        (Sent or Releasing or Released, SessionLostGiveUp) => new(Abandoning, Store),
        (not Finished, SessionLostRepublish or SessionLostGiveUp) => Stay(stage),

        (Parked, Due) => new(Renewing, Store),
        (Sent, Unsendable) => new(Abandoning, Store),
        (Sent or Released, Poisoned) => new(Abandoning, Store),
        _ => Wrong(stage, Impossible),
    };

    private static HandshakeStep Stay(HandshakeStage stage) => new(stage, HandshakeEffect.None);

    private static HandshakeStep Wrong(HandshakeStage stage, HandshakeError error) => new(stage, HandshakeEffect.None, error);
}
