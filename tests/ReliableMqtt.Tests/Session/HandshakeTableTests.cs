using ReliableMqtt.Session;
using static ReliableMqtt.Session.HandshakeEvent;
using static ReliableMqtt.Session.HandshakeStage;

namespace ReliableMqtt.Tests.Session;

/// <summary>Walks every cell of the handshake's state machine.</summary>
public class HandshakeTableTests
{
    private static readonly HandshakeStage[] Stages = Enum.GetValues<HandshakeStage>();
    private static readonly HandshakeEvent[] Events = Enum.GetValues<HandshakeEvent>();

    /// <summary>All legal cells; every other one must be a typed error. Q: 1 and 2 name the QoS where it matters.</summary>
    private static readonly Dictionary<(HandshakeStage, HandshakeEvent, int), HandshakeStage> Legal = Cells(
        (Storing, Stored, 0, Sent), (Releasing, Stored, 0, Released), (Confirming, Stored, 0, Finished), (Refusing, Stored, 0, Parked),
        (Renewing, Stored, 0, Sent), (Abandoning, Stored, 0, Finished),
        (Sent, PubAck, 1, Confirming), (Confirming, PubAck, 1, Confirming),
        (Sent, PubRec, 2, Releasing), (Releasing, PubRec, 2, Releasing), (Released, PubRec, 2, Released), (Confirming, PubRec, 2, Confirming),
        (Released, PubComp, 2, Confirming), (Confirming, PubComp, 2, Confirming),
        (Sent, RefusedForNow, 0, Refusing), (Sent, RefusedForGood, 0, Abandoning),
        (Storing, SessionLostRepublish, 0, Storing), (Storing, SessionLostGiveUp, 0, Storing),
        (Sent, SessionLostRepublish, 0, Renewing), (Sent, SessionLostGiveUp, 0, Abandoning),
        (Releasing, SessionLostRepublish, 0, Renewing), (Releasing, SessionLostGiveUp, 0, Abandoning),
        (Released, SessionLostRepublish, 0, Renewing), (Released, SessionLostGiveUp, 0, Abandoning),
        (Confirming, SessionLostRepublish, 0, Confirming), (Confirming, SessionLostGiveUp, 0, Confirming),
        (Refusing, SessionLostRepublish, 0, Refusing), (Refusing, SessionLostGiveUp, 0, Refusing),
        (Parked, SessionLostRepublish, 0, Parked), (Parked, SessionLostGiveUp, 0, Parked),
        (Renewing, SessionLostRepublish, 0, Renewing), (Renewing, SessionLostGiveUp, 0, Renewing),
        (Abandoning, SessionLostRepublish, 0, Abandoning), (Abandoning, SessionLostGiveUp, 0, Abandoning),
        (Parked, Due, 0, Renewing), (Sent, Unsendable, 0, Abandoning), (Sent, Poisoned, 0, Abandoning), (Released, Poisoned, 0, Abandoning));

    public static IEnumerable<TheoryDataRow<string, string, int>> AllCells() =>
        from stage in Stages
        from what in Events
        from qos in new[] { 1, 2 }
        select new TheoryDataRow<string, string, int>(stage.ToString(), what.ToString(), qos);

    [Theory]
    [MemberData(nameof(AllCells))]
    public void Every_cell_is_legal_or_a_typed_error_that_leaves_the_stage(string stageName, string eventName, int qos)
    {
        var (stage, what) = (Enum.Parse<HandshakeStage>(stageName), Enum.Parse<HandshakeEvent>(eventName));

        var step = HandshakeTable.Next(stage, what, exactlyOnce: qos == 2);

        if (Legal.TryGetValue((stage, what, qos), out var next))
        {
            Assert.True(step.IsLegal);
            Assert.Equal(next, step.Next);
        }
        else
        {
            Assert.NotEqual(HandshakeError.None, step.Error);
            Assert.Equal(stage, step.Next);
            Assert.Equal(HandshakeEffect.None, step.Effect);
        }
    }

    [Fact]
    [Conformance(4)]
    public void Only_a_stored_stage_lets_a_first_packet_leave_or_frees_a_packet_id()
    {
        foreach (var (stage, what, qos) in from s in Stages from e in Events from q in new[] { 1, 2 } select (s, e, q))
        {
            var step = HandshakeTable.Next(stage, what, qos == 2);
            if (step.Effect is HandshakeEffect.SendPublish or HandshakeEffect.Finish) Assert.Equal(Stored, what);
            // A PUBREL leaves on Stored, or again for a message whose release is stored already.
            if (step.Effect == HandshakeEffect.SendPubRel && what != Stored) Assert.True(stage is Released or Confirming);
        }
    }

    [Fact]
    public void Every_stage_that_waits_for_the_ledger_was_entered_by_asking_for_it()
    {
        foreach (var (stage, what, qos) in from s in Stages from e in Events from q in new[] { 1, 2 } select (s, e, q))
        {
            var step = HandshakeTable.Next(stage, what, qos == 2);
            if (step.Next != stage && step.Next is Releasing or Confirming or Refusing or Renewing or Abandoning && step.Next != stage)
                Assert.Equal(HandshakeEffect.Store, step.Effect);
        }
    }

    private static Dictionary<(HandshakeStage, HandshakeEvent, int), HandshakeStage> Cells(
        params (HandshakeStage Stage, HandshakeEvent What, int Qos, HandshakeStage Next)[] cells) =>
        cells.SelectMany(c => (c.Qos == 0 ? new[] { 1, 2 } : [c.Qos]).Select(q => (Key: (c.Stage, c.What, q), c.Next)))
            .ToDictionary(c => c.Key, c => c.Next);
}
