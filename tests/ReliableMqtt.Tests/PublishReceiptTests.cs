using MQTTnet.Protocol;

namespace ReliableMqtt.Tests;

/// <summary>Proves that a receipt says what it was given: its small parts share bytes, and must not touch each other.</summary>
public class PublishReceiptTests
{
    private static readonly int?[] Attempts = [null, 0, 1, 255, int.MaxValue];
    private static readonly byte?[] ReasonCodes = [null, 0, 0x10, 0xFF];
    private static readonly bool[] Both = [false, true];
    private static readonly MqttQualityOfServiceLevel?[] Qualities =
        [null, MqttQualityOfServiceLevel.AtMostOnce, MqttQualityOfServiceLevel.AtLeastOnce, MqttQualityOfServiceLevel.ExactlyOnce];

    [Fact]
    public void Every_combination_of_its_small_parts_reads_as_it_was_set()
    {
        foreach (var quality in Qualities)
            foreach (var outcome in Enum.GetValues<PublishOutcome>())
                foreach (var attempts in Attempts)
                    foreach (var code in ReasonCodes)
                        foreach (var duplicate in Both)
                            foreach (var lonely in Both)
                            {
                                var receipt = new PublishReceipt
                                {
                                    QualityOfService = quality,
                                    Outcome = outcome,
                                    Attempts = attempts,
                                    ReasonCode = code,
                                    IsDuplicate = duplicate,
                                    NoMatchingSubscribers = lonely,
                                };
                                Assert.Equal(
                                    (quality, outcome, attempts, code, duplicate, lonely),
                                    (receipt.QualityOfService, receipt.Outcome, receipt.Attempts, receipt.ReasonCode, receipt.IsDuplicate, receipt.NoMatchingSubscribers));
                            }
    }

    [Fact]
    public void A_part_that_is_changed_leaves_the_others()
    {
        var receipt = new PublishReceipt
        {
            QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce,
            Outcome = PublishOutcome.Confirmed,
            Attempts = 3,
            ReasonCode = 0x10,
            IsDuplicate = true,
            NoMatchingSubscribers = true,
        };
        Assert.Equal(receipt, receipt with { QualityOfService = null } with { QualityOfService = MqttQualityOfServiceLevel.ExactlyOnce });
        Assert.Equal(receipt, receipt with { IsDuplicate = false } with { IsDuplicate = true });
        Assert.Equal(receipt, receipt with { NoMatchingSubscribers = false } with { NoMatchingSubscribers = true });
        Assert.NotEqual(receipt, receipt with { IsDuplicate = false });
        Assert.NotEqual(receipt, receipt with { Attempts = null });
        Assert.NotEqual(receipt, receipt with { ReasonCode = null });
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(300)]
    public void A_quality_of_service_that_does_not_exist_is_none(int quality) =>
        Assert.Null(new PublishReceipt { Outcome = PublishOutcome.NotAccepted, QualityOfService = (MqttQualityOfServiceLevel)quality }.QualityOfService);
}
