using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>What leaves while a suspect is looked for, and when the search is over.</summary>
public class IsolationTests
{
    private static SessionHarness Started(SessionSettings? settings, params string[] topics)
    {
        var h = new SessionHarness(settings);
        h.Connect(sessionPresent: false);
        foreach (var topic in topics) h.Enqueue(topic);
        h.Turn();
        return h;
    }

    private static void Reconnect(SessionHarness h, int times)
    {
        for (var i = 0; i < times; i++)
        {
            h.Cut();
            h.Connect();
        }
    }

    /// <summary>Three connections have ended with "a"; on the last one came the PUBREC of "b", whose commit has no answer yet.</summary>
    private static (SessionHarness Session, PacketId[] Ids, LedgerCommit Release) Releasing()
    {
        var h = Started(null, "a", "b");
        PacketId[] ids = [.. h.TakeSent().Select(packet => packet.PacketId)];
        Reconnect(h, 2);
        h.Ack(AckKind.PubRec, ids[1], turn: false);
        var release = h.Session.BuildCommit(h.Now)!;
        Assert.Single(release.Releases);
        Reconnect(h, 1);
        h.TakeSent();
        h.Cut(new ConnectionLoss(LossCause.Local));
        h.Connect();
        Assert.Empty(h.TakeSent());
        return (h, ids, release);
    }

    [Fact]
    public void A_pubrel_that_is_stored_while_nothing_may_leave_waits_and_then_leaves_first_and_alone()
    {
        var (h, ids, release) = Releasing();
        h.Commit(release);
        Assert.Empty(h.TakeSent());
        h.Prove();
        Assert.Equal(["PUBREL"], h.TakeSentTexts());
        h.Ack(AckKind.PubComp, ids[1]);
        Assert.Equal(["PUBLISH a DUP"], h.TakeSentTexts());
    }

    [Fact]
    public void A_pubrel_that_is_stored_when_there_is_room_again_leaves_at_once()
    {
        var (h, ids, release) = Releasing();
        h.Prove();
        Assert.Equal(["PUBLISH a DUP"], h.TakeSentTexts());
        h.Ack(AckKind.PubRec, ids[0], turn: false); // From now on two may be in flight.
        Assert.Empty(h.TakeSent());
        h.Commit(release);
        Assert.Equal(["PUBREL"], h.TakeSentTexts());
    }

    [Theory]
    [InlineData(3, new[] { 1, 1, 1 })]
    [InlineData(4, new[] { 1, 1, 2 })]
    public void Each_answer_lets_twice_as_many_leave_until_as_many_as_ever_do(int maxInFlight, int[] pubrels)
    {
        var h = Started(new SessionSettings { MaxInFlight = maxInFlight }, [.. Enumerable.Repeat("t", maxInFlight)]);
        foreach (var packet in h.TakeSent()) h.Ack(AckKind.PubRec, packet.PacketId);
        Reconnect(h, 2);
        h.TakeSent();
        h.Cut();
        h.Connect(receiveMaximum: 1);
        h.Prove();

        // The small window holds back PUBRELs too, as long as a suspect is looked for.
        var sent = h.TakeSent();
        List<int> counts = [sent.Count];
        while (counts.Count < pubrels.Length)
        {
            h.Ack(AckKind.PubComp, sent[0].PacketId);
            sent = h.TakeSent();
            counts.Add(sent.Count);
        }

        Assert.Equal(pubrels, counts);
    }

    [Fact]
    public void After_a_verdict_the_suspicion_of_the_others_begins_anew()
    {
        var h = Started(null, "near", "poison");
        var poison = h.TakeSent()[1].PacketId;
        Reconnect(h, 2); // Two of three for the one in front.
        h.Ack(AckKind.PubRec, poison);
        h.Cut(new ConnectionLoss(LossCause.Local));
        h.Connect(); // From here on the PUBREL of the other one is in front.
        Reconnect(h, 3);
        for (var strike = 1; strike <= 3; strike++)
        {
            h.TakeSent();
            h.Prove();
            Assert.Equal(["PUBREL"], h.TakeSentTexts());
            Reconnect(h, 1);
        }

        Assert.Equal([PublishOutcome.DeadLettered], h.Outcomes());
        Assert.Equal(["PUBLISH near DUP"], h.TakeSentTexts());
        Reconnect(h, 1);
        Assert.Equal(["PUBLISH near DUP"], h.TakeSentTexts());
        Assert.DoesNotContain(h.Suspects, record => record.Topic == "near");
    }

    [Fact]
    public void A_probe_that_was_asked_for_goes_with_its_connection()
    {
        var h = Started(null, "suspect");
        Reconnect(h, 3);
        h.Now = h.Session.WakeAt!.Value;
        h.Session.Tick(h.Now);
        Assert.True(h.Session.Outputs.Probe);
        h.Session.OnConnectionLost(h.Connection, new ConnectionLoss(LossCause.Peer), h.Now);
        Assert.False(h.Session.Outputs.Probe);
    }
}
