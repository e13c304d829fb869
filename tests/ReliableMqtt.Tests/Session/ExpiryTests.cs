using ReliableMqtt.Ledger;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>Messages with an end: told to the broker in seconds, dropped unsent when it has passed, kept when they were sent.</summary>
public class ExpiryTests
{
    private readonly SessionHarness _session = new(new SessionSettings { MaxInFlight = 1, RetryDelay = _ => TimeSpan.FromSeconds(30) });

    [Theory]
    [InlineData(0, 60u)]
    [InlineData(25, 35u)]
    [InlineData(59.2, 1u)]
    public void The_broker_is_told_what_is_left(double waited, uint left)
    {
        Enqueue("t", 60);
        _session.Turn();
        _session.Advance(TimeSpan.FromSeconds(waited));

        _session.Connect(sessionPresent: false);

        Assert.Equal(left, Assert.Single(_session.TakeSent()).ExpirySeconds);
    }

    [Fact]
    public void A_message_without_an_end_is_sent_without_one()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue();
        _session.Turn();
        Assert.Null(_session.TakeSent()[0].ExpirySeconds);
    }

    [Fact]
    public void The_head_is_dropped_when_its_time_comes_without_anybody_asking()
    {
        Enqueue("head", 10);
        _session.Turn();
        Assert.Equal(_session.Now.AddSeconds(10), _session.Session.WakeAt);
        _session.Advance(TimeSpan.FromSeconds(9.999));
        Assert.Empty(_session.Outcomes());

        _session.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal([PublishOutcome.Expired], _session.Outcomes());
        Assert.Equal(0, _session.Session.Pending);
        Assert.Equal(2, _session.Session.LowestUnfinished);
    }

    [Fact]
    public void One_in_the_middle_is_dropped_when_it_comes_to_the_head_and_never_sent_late()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("first", qos: 1);
        Enqueue("long", 3600);
        Enqueue("short", 10);
        Enqueue("short too", 20);
        _session.Enqueue("last", qos: 1);
        _session.Turn();
        var first = _session.TakeSent()[0].PacketId;
        _session.Advance(TimeSpan.FromSeconds(25));
        Assert.Empty(_session.Outcomes());

        _session.Ack(AckKind.PubAck, first);
        _session.Ack(AckKind.PubAck, Sent("long"));
        _session.Ack(AckKind.PubAck, Sent("last"));

        // As soon as "long" is in flight they are the head.
        Assert.Equal(["first", "short", "short too", "long", "last"], Finished());
        Assert.Equal(
            [PublishOutcome.Confirmed, PublishOutcome.Expired, PublishOutcome.Expired, PublishOutcome.Confirmed, PublishOutcome.Confirmed], _session.Outcomes());
    }

    [Fact]
    public void One_that_expired_while_it_waited_to_be_accepted_is_accepted_and_never_sent()
    {
        _session.Connect(sessionPresent: false);
        _session.Enqueue("a", qos: 1);
        var slow = _session.Session.BuildCommit(_session.Now)!; // The ledger takes a minute.
        Enqueue("b", 10);
        _session.Now += TimeSpan.FromMinutes(1);
        _session.Commit(slow);
        var id = Sent("a");
        _session.Ack(AckKind.PubAck, id);

        Assert.Empty(_session.TakeSent());
        Assert.Equal(["a", "b"], Finished().Order());
        Assert.Equal(1, _session.Outcomes().Count(outcome => outcome == PublishOutcome.Expired));
    }

    [Fact]
    [Conformance(13)]
    public void One_that_was_sent_or_may_have_been_never_expires()
    {
        _session.Connect(sessionPresent: false);
        Enqueue("t", 10);
        _session.Turn();
        Sent("t");
        _session.Crash();
        _session.Advance(TimeSpan.FromHours(1));
        _session.Connect();

        var resent = Assert.Single(_session.TakeSent());
        Assert.Equal((true, 1u), (resent.Dup, resent.ExpirySeconds));
        _session.Ack(AckKind.PubAck, resent.PacketId);
        Assert.Equal([PublishOutcome.Confirmed], _session.Outcomes());
    }

    [Fact]
    public void A_parked_message_was_sent_once_and_does_not_expire()
    {
        _session.Connect(sessionPresent: false);
        Enqueue("t", 10);
        _session.Turn();
        _session.Ack(AckKind.PubAck, Sent("t"), 0x80);

        _session.Advance(TimeSpan.FromSeconds(30));

        var again = Assert.Single(_session.TakeSent());
        Assert.Equal((false, 1u), (again.Dup, again.ExpirySeconds));
        Assert.Empty(_session.Outcomes());
    }

    [Fact]
    public void An_expired_message_leaves_the_trace_of_its_end()
    {
        Enqueue("t", 10);
        _session.Turn();
        var id = _session.Completions[0].Record.MessageId;
        _session.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(LedgerStatus.Expired, _session.Find(id).Status);
    }

    private void Enqueue(string topic, int seconds) => _session.Enqueue(topic, qos: 1, expiresAt: _session.Now.AddSeconds(seconds));

    private ReliableMqtt.Messages.PacketId Sent(string topic)
    {
        var sent = Assert.Single(_session.TakeSent());
        Assert.Equal(topic, sent.Record!.Topic);
        return sent.PacketId;
    }

    private IEnumerable<string> Finished() => _session.Completions.Where(c => c.Kind == CompletionKind.Finished).Select(c => c.Record.Topic);
}
