using ReliableMqtt.Deduplication;
using static ReliableMqtt.Tests.Deduplication.DeduplicatorHarness;

namespace ReliableMqtt.Tests.Deduplication;

/// <summary>Which deliveries count as copies of one message when the application says nothing about it.</summary>
public class DeduplicationKeyTests
{
    private const string Automatic = "~00000000000000ff-1a";

    [Theory]
    [InlineData("m1", "t", "p", "p", "m1")]
    [InlineData("m1", "other", "p", "p", "m1")]
    [InlineData("m1", "t", null, "", "t m1")]
    [InlineData("m1", "t", "", "", "t m1")]
    [InlineData(Automatic, "t", null, "", Automatic)]
    [InlineData(Automatic, "t", "p", "p", Automatic)]
    [InlineData("~not-automatic", "t", null, "", "t ~not-automatic")]
    public void It_is_made_of_what_the_message_says(string id, string topic, string? publisher, string expectedPublisher, string expectedId) =>
        Assert.Equal(new DeduplicationKey(expectedPublisher, expectedId), DeduplicationKey.Of(Message(id, topic, publisher)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_an_id_there_is_none(string? id) => Assert.Null(DeduplicationKey.Of(Message(id)));

    [Fact]
    public void A_message_without_user_properties_has_none() => Assert.Null(DeduplicationKey.Of(new MQTTnet.MqttApplicationMessage { Topic = "t" }));

    [Fact]
    public void Long_texts_are_kept_as_their_hash_and_stay_different()
    {
        var one = DeduplicationKey.Of(Message(new string('a', 300), publisher: new string('b', 300)))!.Value;
        var other = DeduplicationKey.Of(Message(new string('a', 301), publisher: new string('b', 301)))!.Value;
        Assert.StartsWith("sha256-", one.MessageId, StringComparison.Ordinal);
        Assert.Equal(71, one.PublisherId.Length);
        Assert.NotEqual(one.MessageId, other.MessageId);
        Assert.NotEqual(one.PublisherId, other.PublisherId);
    }

    [Fact]
    public void A_message_of_a_publisher_has_the_id_that_its_receipt_says()
    {
        var id = MessageId.ForSequence(7, 42).Value;
        Assert.Equal(new DeduplicationKey("", id), DeduplicationKey.Of(Message(id, publisher: null)));
    }
}
