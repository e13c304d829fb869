using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>A message that goes on under a new packet id: its place in the order, its share of the window, and what the ledger has of it.</summary>
public class SentAnewTests
{
    private static readonly SessionSettings Second = new() { Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromSeconds(1) };

    /// <summary>"x" is in flight, "a" was sent behind it and refused.</summary>
    private static SessionHarness Refused()
    {
        var h = new SessionHarness(Second);
        h.Connect(sessionPresent: false);
        h.Enqueue("x", id: "x");
        h.Enqueue("a");
        h.Turn();
        h.Ack(AckKind.PubRec, h.TakeSent()[1].PacketId, 0x80);
        return h;
    }

    private static string[] Resumed(SessionHarness h)
    {
        h.TakeSent();
        h.Cut();
        h.Connect();
        return h.TakeSentTexts();
    }

    [Fact]
    public void The_ledger_has_it_as_sent_behind_the_last_one_and_with_its_refusals()
    {
        var h = Refused();
        h.Advance(TimeSpan.FromSeconds(1));
        var entry = Assert.Single(h.Recovered().InFlight, entry => entry.Record.Topic == "a");
        Assert.Equal(new InflightState(InflightStage.Sent, entry.State.Order, ReleaseOrder: 0, Refusals: 1), entry.State);
        Assert.True(entry.State.Order > new SendOrder(2));
    }

    [Fact]
    public async Task Messages_that_go_behind_those_of_others_leave_the_order_as_it_was()
    {
        var h = Refused();
        await h.Ledger.AcceptAsync([new LedgerRecord { Topic = "b", QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce }], TestContext.Current.CancellationToken);
        h.Enqueue("c");
        h.Commit(h.Session.BuildCommit(h.Now)!);
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH x DUP", "PUBLISH a DUP", "PUBLISH b DUP", "PUBLISH c DUP"], Resumed(h));
    }

    [Fact]
    public void A_known_id_leaves_the_order_as_it_was()
    {
        var h = Refused();
        h.Enqueue("again", id: "x");
        h.Turn();
        Assert.Single(h.Completions, completion => completion.Kind == CompletionKind.Known);
        h.Advance(TimeSpan.FromSeconds(1));
        h.Enqueue("b");
        h.Turn();
        Assert.Equal(["PUBLISH a", "PUBLISH b"], h.TakeSentTexts());
        Assert.Equal(["PUBLISH x DUP", "PUBLISH a DUP", "PUBLISH b DUP"], Resumed(h));
    }

    [Fact]
    public void Behind_a_known_id_the_others_take_the_places_in_the_order_of_their_sequences()
    {
        var h = Refused();
        h.Enqueue("again", id: "x");
        h.Enqueue("b");
        h.Turn();
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH b", "PUBLISH a"], h.TakeSentTexts());
        Assert.Equal(["PUBLISH x DUP", "PUBLISH b DUP", "PUBLISH a DUP"], Resumed(h));
    }

    [Fact]
    public void After_a_crash_and_a_lost_session_the_window_holds_also_on_the_first_connection()
    {
        var h = new SessionHarness();
        h.Session.OnConnected(new ConnectionInfo(1, SessionPresent: false), h.Now);
        for (var i = 0; i < 5; i++) h.Enqueue(qos: 1);
        h.Turn();
        h.Crash();
        h.Connect(sessionPresent: false, receiveMaximum: 2);
        Assert.Equal((1, 2), (h.Connection, h.TakeSent().Count));
    }

    [Fact]
    public void On_the_same_connection_it_takes_its_place_in_the_window_again()
    {
        var h = new SessionHarness(Second with { MaxInFlight = 4 });
        h.Connect(sessionPresent: false);
        h.Enqueue("anew", qos: 1);
        h.Turn();
        h.Ack(AckKind.PubAck, h.TakeSent()[0].PacketId, 0x80);
        h.Advance(TimeSpan.FromSeconds(1));
        h.Ack(AckKind.PubAck, Assert.Single(h.TakeSent()).PacketId);

        for (var i = 0; i < 4; i++) h.Enqueue(qos: 1);
        h.Turn();
        var ids = h.TakeSent().ConvertAll(packet => packet.PacketId);
        h.Ack(AckKind.PubAck, ids[0], turn: false);
        h.Enqueue("last", qos: 1);
        var commit = h.Session.BuildCommit(h.Now)!;
        h.Ack(AckKind.PubAck, ids[1], 0x97, turn: false); // From now on there may be two, and two are there.
        h.Commit(commit);
        Assert.Empty(h.TakeSent());
        h.Ack(AckKind.PubAck, ids[2]);
        Assert.Equal(["PUBLISH last"], h.TakeSentTexts());
    }

    [Fact]
    public void One_for_whom_no_packet_id_is_left_follows_when_ids_are_free_again()
    {
        // Half of the ids are in flight, and two of the other half are in use at the broker.
        const int Many = PacketId.Max / 2;
        var h = new SessionHarness(Second with { MaxInFlight = Many, MaxBatch = Many, MaxBatchBytes = int.MaxValue });
        h.Connect(sessionPresent: false);
        for (var i = 0; i < Many; i++) h.Enqueue(qos: 1);
        h.Turn();
        var ids = h.TakeSent().ConvertAll(packet => packet.PacketId);
        for (var i = 0; i < 2; i++)
        {
            h.Ack(AckKind.PubAck, ids[i], 0x91);
            ids[i] = Assert.Single(h.TakeSent()).PacketId;
        }

        foreach (var id in ids) h.Ack(AckKind.PubAck, id, 0x80, turn: false);
        h.Turn();
        h.Advance(TimeSpan.FromSeconds(1));
        var sent = h.TakeSent();
        Assert.Equal([.. Enumerable.Range(3, Many - 2).Select(i => (long)i), 1, 2], sent.Select(packet => packet.Record!.Sequence));
        Assert.NotEqual(ids[1], sent[^1].PacketId);
        Assert.Equal(Many, h.Recovered().InFlight.Count(entry => entry.State.Stage == InflightStage.Sent));
    }
}
