using System.Text;
using MQTTnet;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace ReliableMqtt.IntegrationTests.Publishing;

// Proves that what the application sets arrives at a subscriber.
public sealed class PropertyTests
{
    private const string UnicodeTopic = "Werk/Größe/温度/🏭";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BrokerKind.Mosquitto, 0)]
    [InlineData(BrokerKind.Mosquitto, 1)]
    [InlineData(BrokerKind.Mosquitto, 2)]
    [InlineData(BrokerKind.Embedded, 0)]
    [InlineData(BrokerKind.Embedded, 2)]
    [Conformance(29, 31)]
    public async Task Every_option_arrives(BrokerKind kind, int qos)
    {
        await using var rig = await Rig.StartAsync(kind, counting: false);
        using var subscriber = await SubscribeAsync(rig);
        var publisher = await rig.ConnectPublisherAsync();
        var options = new PublishOptions
        {
            MessageId = new MessageId("id-ü"),
            Retain = true,
            MessageExpiry = TimeSpan.FromHours(1),
            ContentType = "application/ü+json",
            ResponseTopic = "answer/ü",
            CorrelationData = new byte[] { 0, 1, 255 },
            PayloadFormatIndicator = MqttPayloadFormatIndicator.CharacterData,
            UserProperties = [Property("a", "1"), Property("a", "ü"), Property("", "")],
        };
        await publisher.Publish(PublisherCalls.Message("payload ü", qos, options, UnicodeTopic));
        AssertArrived(await subscriber.NextAsync(), qos, "id-ü");

        using var late = await SubscribeAsync(rig);
        Assert.Equal("payload ü", (await late.NextAsync()).ConvertPayloadToString());
    }

    [Fact]
    public async Task A_message_of_mqttnet_arrives_with_all_it_has()
    {
        await using var rig = await Rig.StartAsync(counting: false);
        using var subscriber = await SubscribeAsync(rig);
        var publisher = await rig.ConnectPublisherAsync();
        var message = new MqttApplicationMessageBuilder().WithTopic(UnicodeTopic).WithPayload("payload ü").WithRetainFlag()
            .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.ExactlyOnce).WithMessageExpiryInterval(3600)
            .WithContentType("application/ü+json").WithResponseTopic("answer/ü").WithCorrelationData([0, 1, 255])
            .WithPayloadFormatIndicator(MqttPayloadFormatIndicator.CharacterData)
            .WithUserProperty("a", Encoding.UTF8.GetBytes("1")).WithUserProperty("a", Encoding.UTF8.GetBytes("ü")).WithUserProperty("", Array.Empty<byte>())
            .Build();
        var receipt = await publisher.PublishAsync(message, new PublishOptions { MessageId = new MessageId("id-1") }, Cancel);
        Assert.Equal((PublishOutcome.Confirmed, "id-1"), (receipt.Outcome, receipt.MessageId.Value));
        AssertArrived(await subscriber.NextAsync(), qos: 2, "id-1");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_empty_payload_arrives_empty_and_nothing_else_is_set(int qos)
    {
        await using var rig = await Rig.StartAsync(counting: false);
        using var subscriber = await SubscribeAsync(rig);
        var publisher = await rig.ConnectPublisherAsync();
        var receipt = await publisher.Publish("", qos);
        var arrived = await subscriber.NextAsync();
        Assert.True(arrived.Payload.IsEmpty);
        Assert.False(arrived.Retain);
        Assert.Equal((0u, null, null, null), (arrived.MessageExpiryInterval, arrived.ContentType, arrived.ResponseTopic, arrived.CorrelationData));
        Assert.Equal(qos == 0 ? [] : [receipt.MessageId.Value], arrived.UserProperties?.Select(property => property.ReadValueAsString()) ?? []);
    }

    [Fact]
    public async Task The_payload_is_copied_when_the_call_returns_its_task()
    {
        await using var rig = await Rig.StartAsync();
        rig.Proxy.Refuses = true;
        var publisher = await rig.StartPublisherAsync();
        var buffer = Encoding.UTF8.GetBytes("before");
        var publishing = publisher.PublishAsync(new PublishMessage("t", buffer), Cancel);
        Encoding.UTF8.GetBytes("after!").CopyTo(buffer, 0);
        rig.Proxy.Refuses = false;
        await publishing;
        Assert.Equal("before", Assert.Single(await rig.DeliveriesAsync()).Payload);
    }

    private static void AssertArrived(MqttApplicationMessage arrived, int qos, string messageId)
    {
        Assert.Equal((UnicodeTopic, "payload ü", qos, true),
            (arrived.Topic, arrived.ConvertPayloadToString(), (int)arrived.QualityOfServiceLevel, arrived.Retain));
        Assert.InRange(arrived.MessageExpiryInterval, 3500u, 3600u);
        Assert.Equal(("application/ü+json", "answer/ü"), (arrived.ContentType, arrived.ResponseTopic));
        Assert.Equal([0, 1, 255], arrived.CorrelationData);
        Assert.Equal(MqttPayloadFormatIndicator.CharacterData, arrived.PayloadFormatIndicator);
        Assert.Equal([("a", "1"), ("a", "ü"), ("", ""), (MessageId.UserPropertyName, messageId)],
            arrived.UserProperties.Select(property => (property.Name, property.ReadValueAsString())));
    }

    private static MqttUserProperty Property(string name, string value) => new(name, (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(value));

    private static Task<Subscriber> SubscribeAsync(Rig rig) => Subscriber.StartAsync(rig.Broker.Port);
}
