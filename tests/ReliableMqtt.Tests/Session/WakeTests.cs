using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>When the session asks to be looked at again: whatever waits for time is told, also after something else was due before it.</summary>
public class WakeTests
{
    private readonly SessionHarness _session = new(new SessionSettings { AckTimeout = TimeSpan.FromSeconds(30), RetryDelay = _ => TimeSpan.FromSeconds(20), Quiet = TimeSpan.FromSeconds(64) });
    private readonly DateTimeOffset _begin;

    public WakeTests() => _begin = _session.Now;

    [Fact]
    public void For_a_refused_message_also_in_the_next_process()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("refused", qos: 1);
        _session.Turn();
        _session.Ack(AckKind.PubAck, _session.TakeSent()[0].PacketId, 0x80);
        _session.Crash();
        Assert.Equal(_begin.AddSeconds(20), _session.Session.WakeAt);
        WakeEarlier(5);
        Assert.Equal(_begin.AddSeconds(20), _session.Session.WakeAt);
    }

    [Fact]
    public void For_an_overdue_ack()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("sent", qos: 1);
        _session.Turn();
        Assert.Equal(_begin.AddSeconds(30), _session.Session.WakeAt);
        _session.Session.OnConnectionLost(_session.Connection, new ConnectionLoss(LossCause.Local), _session.Now);
        WakeEarlier(5);
        _session.Connect();
        Assert.Equal(_begin.AddSeconds(35), _session.Session.WakeAt);
    }

    [Fact]
    public void For_a_ledger_without_room()
    {
        var h = new SessionHarness(_session.Settings, maxPending: 1);
        h.Enqueue("head", expiresAt: h.Now.AddSeconds(50));
        h.Enqueue("waits");
        h.Turn();
        Assert.Equal(_begin.AddSeconds(20), h.Session.WakeAt);
        h.Session.Tick(h.Now.AddSeconds(20));
        Assert.Null(h.Session.WakeAt);
    }

    [Fact]
    public void For_a_ledger_without_room_and_for_an_ack_also_when_something_else_was_due_before()
    {
        var h = new SessionHarness(_session.Settings with { MaxInFlight = 1 }, maxPending: 2);
        h.Connect(sessionPresent: false);
        foreach (var topic in new[] { "sent", "expires", "waits" }) h.Enqueue(topic, qos: 1, expiresAt: topic == "expires" ? h.Now.AddSeconds(5) : null);
        h.Turn();
        Assert.True(h.Session.IsFull);
        Assert.Equal(_begin.AddSeconds(5), h.Session.WakeAt);
        h.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(_begin.AddSeconds(20), h.Session.WakeAt);
        h.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(_begin.AddSeconds(30), h.Session.WakeAt);
    }

    [Fact]
    public void For_the_probe_and_then_for_the_end_of_the_suspicion()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("suspect", qos: 1);
        _session.Turn();
        for (var i = 0; i < 3; i++)
        {
            _session.Cut();
            _session.Connect();
        }

        Assert.Equal(_begin.AddSeconds(8), _session.Session.WakeAt);
        _session.TakeSent();
        _session.Advance(TimeSpan.FromSeconds(8));
        Assert.True(_session.Probed);
        _session.Probed = false;
        _session.Turn();
        Assert.False(_session.Probed); // Once is enough.
        _session.Session.OnAlive(_session.Connection - 1, _session.Now);
        _session.Turn();
        Assert.Empty(_session.TakeSent()); // That was another connection.
        _session.Session.OnAlive(_session.Connection, _session.Now);
        Assert.Equal(_begin.AddSeconds(18), _session.Session.WakeAt);
        _session.Turn();
        Assert.Single(_session.TakeSent());
        Assert.Equal(_begin.AddSeconds(18), _session.Session.WakeAt);
    }

    [Fact]
    public void For_the_probe_and_for_the_end_of_the_suspicion_also_when_something_else_was_due_before()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("suspect", qos: 1);
        _session.Enqueue("near", qos: 1);
        _session.Turn();
        for (var i = 0; i < 3; i++)
        {
            _session.Cut();
            _session.Connect();
        }

        WakeEarlier(5);
        Assert.Equal(_begin.AddSeconds(8), _session.Session.WakeAt);
        _session.TakeSent();
        _session.Advance(TimeSpan.FromSeconds(3));
        _session.Session.OnAlive(_session.Connection, _session.Now);
        WakeEarlier(5);
        Assert.Equal(_begin.AddSeconds(18), _session.Session.WakeAt);
        Assert.Equal(["PUBLISH suspect DUP"], _session.TakeSentTexts()); // It is still alone.
        _session.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["PUBLISH near DUP"], _session.TakeSentTexts());
    }

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x97)]
    public void Not_for_what_is_due(byte code)
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("refused", qos: 1);
        _session.Turn();
        _session.Ack(AckKind.PubAck, _session.TakeSent()[0].PacketId, code);
        Assert.Equal(_begin.AddSeconds(20), _session.Session.WakeAt);
        _session.Session.Tick(_begin.AddSeconds(20));
        Assert.Null(_session.Session.WakeAt);
    }

    [Fact]
    public void Not_for_acks_of_a_connection_that_is_being_ended()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a", qos: 1);
        _session.Turn();
        _session.Advance(TimeSpan.FromSeconds(10));
        _session.Enqueue("b", qos: 1);
        _session.Turn();
        _session.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(RecycleReason.AckOverdue, _session.Recycle);
        _session.Ack(AckKind.PubAck, _session.TakeSent()[0].PacketId);
        Assert.Null(_session.Session.WakeAt);
    }

    private void WakeEarlier(int seconds)
    {
        _session.Enqueue("head", qos: 1, expiresAt: _session.Now.AddSeconds(seconds));
        _session.Turn();
        Assert.Equal(_session.Now.AddSeconds(seconds), _session.Session.WakeAt);
        _session.Advance(TimeSpan.FromSeconds(seconds));
    }
}
