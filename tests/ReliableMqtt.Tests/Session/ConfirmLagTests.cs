using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Which confirms wait for company in a commit, and for how long.</summary>
public class ConfirmLagTests
{
    private static readonly TimeSpan Lag = TimeSpan.FromMilliseconds(5);
    private static readonly SessionSettings Settings = new() { ConfirmLag = Lag, Ordering = PublishOrdering.None, RetryDelay = _ => TimeSpan.FromSeconds(1) };

    private static (SessionHarness Session, PacketId[] Ids) Sent(SessionSettings settings, params string[] topics)
    {
        var h = new SessionHarness(settings);
        h.Connect(sessionPresent: false);
        foreach (var topic in topics) h.Enqueue(topic, qos: 1);
        h.Turn();
        return (h, [.. h.TakeSent().Select(packet => packet.PacketId)]);
    }

    [Fact]
    public void A_session_with_nothing_to_confirm_waits_for_nothing()
    {
        var h = new SessionHarness(Settings);
        Assert.Null(h.Session.BuildCommit(h.Now));
        Assert.Null(h.Session.WakeAt);
    }

    [Fact]
    public void Half_a_batch_of_confirms_does_not_wait()
    {
        var (h, ids) = Sent(Settings with { MaxBatch = 6 }, "a", "b", "c");
        foreach (var id in ids[..2]) h.Ack(AckKind.PubAck, id, turn: false);
        Assert.Null(h.Session.BuildCommit(h.Now));
        h.Ack(AckKind.PubAck, ids[2], turn: false);
        Assert.Equal(3, h.Session.BuildCommit(h.Now)!.Confirms.Count);
    }

    [Fact]
    public void Each_wait_begins_anew()
    {
        var (h, ids) = Sent(Settings, "a", "b");
        h.Ack(AckKind.PubAck, ids[0]);
        h.Advance(Lag);
        Assert.Single(h.Recovered().InFlight);
        h.Now += TimeSpan.FromSeconds(1);
        h.Ack(AckKind.PubAck, ids[1]);
        Assert.Single(h.Recovered().InFlight);
        h.Advance(Lag);
        Assert.Empty(h.Recovered().InFlight);
    }

    [Fact]
    public void A_message_that_was_sent_anew_before_does_not_shorten_the_wait()
    {
        var (h, ids) = Sent(Settings, "refused", "b");
        h.Ack(AckKind.PubAck, ids[0], 0x80);
        h.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["PUBLISH refused"], h.TakeSentTexts());
        h.Ack(AckKind.PubAck, ids[1]);
        Assert.Equal(2, h.Recovered().InFlight.Count);
        h.Advance(Lag);
        Assert.Single(h.Recovered().InFlight);
    }
}
