using MQTTnet.Protocol;
using ReliableMqtt.Ledger;
using ReliableMqtt.Messages;
using ReliableMqtt.Session;

namespace ReliableMqtt.Tests.Session;

/// <summary>The ledger answers something else than was expected, and meanwhile the world has gone on. Both were found by the simulation.</summary>
public class LateAnswerTests
{
    [Fact]
    public async Task A_known_id_and_a_lost_session_leave_the_handshake_to_the_next_commit()
    {
        var harness = new SessionHarness();
        harness.Connect();
        harness.Enqueue("first", qos: 1, id: new MessageId("x"));
        harness.Enqueue("a");
        harness.Turn();
        var sent = harness.TakeSent();
        harness.Ack(AckKind.PubRec, sent.Single(packet => packet.Record!.Topic == "a").PacketId, turn: false);
        harness.Enqueue("again", qos: 1, id: new MessageId("x"));
        var commit = harness.Session.BuildCommit(harness.Now)!;
        Assert.Single(commit.Releases);

        harness.Cut();
        harness.Connect(sessionPresent: false);
        harness.Commit(commit);
        harness.Turn();

        Assert.Equal(["PUBLISH first", "PUBLISH a"], harness.TakeSentTexts());
        var stored = harness.Recovered().InFlight;
        Assert.All(stored, entry => Assert.Equal(InflightStage.Sent, entry.State.Stage));
        Assert.Equal(2, stored.Count);
        await harness.Ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_message_that_was_sent_anew_keeps_its_place_before_those_of_others()
    {
        var harness = new SessionHarness(new SessionSettings { Ordering = PublishOrdering.None, RetryDelay = static _ => TimeSpan.FromSeconds(1) });
        harness.Connect();
        harness.Enqueue("a");
        harness.Turn();
        harness.Ack(AckKind.PubRec, harness.TakeSent().Single().PacketId, 0x80);

        // The sequence that "c" was to have goes to a message of another process.
        await harness.Ledger.AcceptAsync([new LedgerRecord { Topic = "b", QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce }], TestContext.Current.CancellationToken);
        harness.Enqueue("c");
        harness.Commit(harness.Session.BuildCommit(harness.Now)!);
        harness.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["PUBLISH a", "PUBLISH b", "PUBLISH c"], harness.TakeSentTexts());

        harness.Cut();
        harness.Connect();
        Assert.Equal(["PUBLISH a DUP", "PUBLISH b DUP", "PUBLISH c DUP"], harness.TakeSentTexts());
        await harness.Ledger.DisposeAsync();
    }
}
