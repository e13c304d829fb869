using MQTTnet.Packets;
using MQTTnet.Protocol;
using ReliableMqtt.Messages;

namespace ReliableMqtt.Tests.Messages;

/// <summary>Proves what a record says of itself.</summary>
public class LedgerRecordTests
{
    private static readonly LedgerRecord Plain = new() { Topic = "topic", Payload = new byte[100], QualityOfService = MqttQualityOfServiceLevel.AtLeastOnce };

    [Fact]
    public void Everything_that_can_be_large_counts_against_the_limit()
    {
        var properties = new MessageProperties
        {
            ContentType = "1234567890",
            ResponseTopic = "12345",
            CorrelationData = new byte[1_000],
            UserProperties = [new MqttUserProperty("name", new byte[10_000]), new MqttUserProperty("n", new byte[1])],
        };
        Assert.Equal(169, Plain.Size);
        Assert.Equal(169 + 10 + 5 + 1_000 + 10_004 + 2, (Plain with { Properties = properties }).Size);
    }

    [Fact]
    public void The_size_does_not_change_when_the_ledger_gives_the_id() =>
        Assert.Equal(Plain.Size, (Plain with { MessageId = MessageId.ForSequence(1, 1), Sequence = 1 }).Size);

    [Fact]
    public void Only_an_id_of_the_application_is_indexed()
    {
        Assert.False(Plain.HasApplicationId);
        Assert.False((Plain with { MessageId = MessageId.ForSequence(1, 1) }).HasApplicationId);
        Assert.True((Plain with { MessageId = "alarm-4711" }).HasApplicationId);
    }
}
