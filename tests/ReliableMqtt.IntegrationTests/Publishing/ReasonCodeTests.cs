using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves what the application is told for each reason code of PUBACK and PUBREC, and that a refused PUBREC is never followed by a PUBREL.
public sealed class ReasonCodeTests
{
    private const int MaxAttempts = 3;

    [Theory]
    [InlineData(1, 0x87)]
    [InlineData(1, 0x90)]
    [InlineData(1, 0x99)]
    [InlineData(2, 0x87)]
    [InlineData(2, 0x90)]
    [InlineData(2, 0x99)]
    [Conformance(10, 20)]
    public async Task A_refusal_for_good_is_told_at_once(int qos, byte code)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await StartAsync(rig, code, times: 1, "it may not be");
        await AssertRejectedAsync(rig, publisher, qos, code, attempts: 1, "it may not be");
    }

    [Theory]
    [InlineData(1, 0x80)]
    [InlineData(1, 0x83)]
    [InlineData(1, 0x85)] // Not defined for these packets: as 0x80.
    [InlineData(2, 0x80)]
    [InlineData(2, 0x83)]
    [InlineData(2, 0x85)]
    public async Task A_refusal_that_may_pass_is_told_after_the_last_attempt(int qos, byte code)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await StartAsync(rig, code, MaxAttempts);
        await AssertRejectedAsync(rig, publisher, qos, code, MaxAttempts, null);
    }

    [Theory]
    [InlineData(1, 0x80, 2)]
    [InlineData(2, 0x83, 1)]
    [InlineData(1, 0x91, 2)]
    [InlineData(2, 0x91, 2)]
    [InlineData(1, 0x97, MaxAttempts + 3)]
    [InlineData(2, 0x97, MaxAttempts + 3)]
    [Conformance(10, 20)]
    public async Task A_message_that_is_taken_in_the_end_was_sent_anew_each_time(int qos, byte code, int refusals)
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await StartAsync(rig, code, refusals);
        var receipt = await publisher.Publish("m", qos);

        Assert.Equal((PublishOutcome.Confirmed, refusals + 1, (byte)0), (receipt.Outcome, receipt.Attempts, receipt.ReasonCode));
        Assert.Equal(refusals + 1, rig.Publishes.Count);
        Assert.DoesNotContain(rig.Publishes, packet => packet.Dup);
        if (code == 0x91) Assert.Equal(refusals + 1, rig.Publishes.DistinctBy(packet => packet.PacketId).Count());
        Assert.Equal(qos == 2 ? [rig.Publishes[^1].PacketId] : [], rig.PubRels.Select(packet => packet.PacketId));
        Assert.Single(await rig.DeliveriesAsync());
        Assert.Equal(0, publisher.Status.Reconnects);
    }

    [Fact]
    public async Task Three_packet_ids_in_use_on_one_connection_lead_to_a_clean_session()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await StartAsync(rig, 0x91, times: 3);
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
        var connects = rig.Tap.Of(MqttControlPacketType.Connect, Direction.ToBroker);
        Assert.Equal([true, false, true, false], connects.Select(packet => packet.CleanStart));
        Assert.Single(await rig.DeliveriesAsync());
    }

    [Fact]
    public async Task Strict_ordering_holds_back_what_follows_a_refused_message()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await StartAsync(rig, 0x80, times: 2, change: options => options with { MaxInFlight = 1 });
        await publisher.PublishAll("m", 5);
        Assert.Equal(["m0", "m0", "m0", "m1", "m2", "m3", "m4"], rig.Publishes.Select(packet => packet.Payload));
        Assert.Equal(["m0", "m1", "m2", "m3", "m4"], (await rig.DeliveriesAsync()).Select(delivery => delivery.Payload));
    }

    [Fact]
    public async Task A_pubcomp_that_no_longer_knows_the_packet_id_confirms()
    {
        await using var rig = await Rig.StartAsync();
        var publisher = await rig.ConnectPublisherAsync();
        rig.Tap.On(MqttControlPacketType.PubRel, TapAction.Answer(packet => Forge.Ack(MqttControlPacketType.PubComp, packet.PacketId, 0x92)));
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("m")).Outcome);
    }

    private static Task<ReliablePublisher> StartAsync(
        Rig rig, byte code, int times, string? text = null, Func<ReliablePublisherOptions, ReliablePublisherOptions>? change = null)
    {
        rig.Tap.On(MqttControlPacketType.Publish, TapAction.Answer(packet => Forge.AnswerTo(packet, code, text)), times);
        return rig.ConnectPublisherAsync(options => (change?.Invoke(options) ?? options) with { MaxAttempts = MaxAttempts });
    }

    private static async Task AssertRejectedAsync(Rig rig, ReliablePublisher publisher, int qos, byte code, int attempts, string? text)
    {
        var refused = await Assert.ThrowsAsync<PublishRejectedException>(() => publisher.Publish("refused", qos));
        Assert.Equal((code, PublishFailure.Rejected, false), (refused.ReasonCode, refused.Reason, refused.IsTransient));
        Assert.Equal((PublishOutcome.Rejected, code, attempts), (refused.Receipt.Outcome, refused.Receipt.ReasonCode, refused.Receipt.Attempts));
        Assert.Equal(text, refused.Receipt.ReasonString);
        Assert.Contains($"0x{code:X2}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(attempts, rig.Publishes.Count);
        Assert.Empty(rig.PubRels);

        var later = await publisher.Receipt(refused.Receipt.MessageId);
        Assert.Equal((PublishOutcome.Rejected, code), (later.Outcome, later.ReasonCode));
        Assert.Equal(PublishOutcome.Confirmed, (await publisher.Publish("next", qos)).Outcome);
        Assert.Equal("next", Assert.Single(await rig.DeliveriesAsync()).Payload);
        var letters = await rig.Ledger.ListDeadLettersAsync(null, 10, TestContext.Current.CancellationToken);
        Assert.Equal(code, Assert.Single(letters.Items).Reason.ReasonCode);
    }
}
