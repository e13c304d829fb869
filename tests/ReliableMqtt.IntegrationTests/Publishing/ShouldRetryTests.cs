using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that the application's word on a refusal is asked for and obeyed, within the attempts, and that its errors stop nothing.
public sealed class ShouldRetryTests
{
    [Fact]
    public async Task A_refusal_for_good_is_sent_anew_and_one_for_now_is_given_up_as_the_application_says()
    {
        var asked = new List<PublishRefusal>();
        await using var rig = await Rig.StartAsync();
        Refuse(rig, "wait", 0x87, times: 2);
        Refuse(rig, "stop", 0x80, times: 1);
        var publisher = await rig.ConnectPublisherAsync(options => options with
        {
            ShouldRetry = refusal =>
            {
                asked.Add(refusal);
                return refusal.Topic == "wait";
            },
        });

        var waited = await publisher.Publish(PublisherCalls.Message("m", 1, topic: "wait"));
        Assert.Equal((PublishOutcome.Confirmed, 3), (waited.Outcome, waited.Attempts));
        var stopped = await publisher.TryPublishAsync(PublisherCalls.Message("m", 1, topic: "stop"), TestContext.Current.CancellationToken);
        Assert.Equal((PublishOutcome.Rejected, (byte?)0x80, 1), (stopped.Outcome, stopped.ReasonCode, stopped.Attempts));

        Assert.Equal([("wait", 0x87, 1), ("wait", 0x87, 2), ("stop", 0x80, 1)], asked.Select(refusal => (refusal.Topic, (int)refusal.ReasonCode, refusal.Attempts)));
        Assert.Equal(waited.MessageId, asked[0].MessageId);
        Assert.Equal((MqttQualityOfServiceLevel.AtLeastOnce, waited.AcceptedAt), (asked[0].QualityOfService, asked[0].AcceptedAt));
    }

    [Fact]
    public async Task The_attempts_bound_what_the_application_wants()
    {
        await using var rig = await Rig.StartAsync();
        Refuse(rig, "t", 0x99, times: int.MaxValue);
        var publisher = await rig.ConnectPublisherAsync(options => options with { MaxAttempts = 4, ShouldRetry = _ => true });
        var receipt = await publisher.TryPublish("m", 1);
        Assert.Equal((PublishOutcome.Rejected, 4), (receipt.Outcome, receipt.Attempts));
        Assert.Equal(4, rig.Publishes.Count);
    }

    [Fact]
    public async Task An_error_of_the_application_is_logged_and_the_table_holds()
    {
        await using var rig = await Rig.StartAsync();
        Refuse(rig, "good", 0x80, times: 1);
        Refuse(rig, "bad", 0x87, times: 1);
        var publisher = await rig.ConnectPublisherAsync(options => options with { ShouldRetry = _ => throw new InvalidOperationException("no idea") });
        Assert.Equal(2, (await publisher.Publish(PublisherCalls.Message("m", 1, topic: "good"))).Attempts);
        Assert.Equal(
            PublishOutcome.Rejected,
            (await publisher.TryPublishAsync(PublisherCalls.Message("m", 1, topic: "bad"), TestContext.Current.CancellationToken)).Outcome);
        Assert.Equal(2, rig.LogEntries.Count(entry => entry.Id == 1010));
    }

    private static void Refuse(Rig rig, string topic, byte code, int times) => rig.Tap.On(
        packet => packet.Type == MqttControlPacketType.Publish && packet.Topic == topic && packet.Direction == Direction.ToBroker,
        TapAction.Answer(packet => Forge.AnswerTo(packet, code)), times);
}
