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

    [Fact]
    public void A_copy_with_something_rare_leaves_the_first_one_without_it()
    {
        var first = Plain with { Acceptor = 5, AcceptorNumber = 6 };
        var second = first with { AcceptorNumber = 7, ExpiresAt = DateTimeOffset.UnixEpoch, Properties = new MessageProperties { ContentType = "text" } };
        Assert.Equal((5UL, 6L, null, null), (first.Acceptor, first.AcceptorNumber, first.ExpiresAt, first.Properties));
        Assert.Equal((5UL, 7L, DateTimeOffset.UnixEpoch, "text"), (second.Acceptor, second.AcceptorNumber, second.ExpiresAt, second.Properties?.ContentType));
    }

    [Fact]
    public void Records_that_say_the_same_are_equal_however_they_were_made()
    {
        var all = Plain with { Acceptor = 5, AcceptorNumber = 6, ExpiresAt = DateTimeOffset.UnixEpoch, Properties = new MessageProperties() };
        Assert.NotEqual(Plain, all);
        Assert.Equal(Plain, all with { Acceptor = 0, AcceptorNumber = 0, ExpiresAt = null, Properties = null });
        Assert.Equal(all with { Acceptor = 0, AcceptorNumber = 0 }, Plain with { Properties = all.Properties, ExpiresAt = all.ExpiresAt });
    }
}
