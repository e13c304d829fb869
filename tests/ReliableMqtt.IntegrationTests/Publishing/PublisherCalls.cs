using System.Text;
using MQTTnet.Protocol;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Publishing;

/// <summary>The publisher's calls with a text, a number for the quality of service, and the test's own cancellation.</summary>
internal static class PublisherCalls
{
    public const string Topic = "t";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static PublishMessage Message(string payload, int qos = 2, PublishOptions? options = null, string topic = Topic) =>
        new(topic, Encoding.UTF8.GetBytes(payload), (MqttQualityOfServiceLevel)qos, options);

    public static PublishMessage WithId(string messageId, string payload, int qos = 2) =>
        Message(payload, qos, new PublishOptions { MessageId = new MessageId(messageId) });

    public static Task<PublishReceipt> Publish(this IReliablePublisher publisher, string payload, int qos = 2, PublishOptions? options = null) =>
        publisher.PublishAsync(Message(payload, qos, options), Cancel);

    public static Task<PublishReceipt> Publish(this IReliablePublisher publisher, PublishMessage message) => publisher.PublishAsync(message, Cancel);

    public static Task<PublishReceipt> TryPublish(this IReliablePublisher publisher, string payload, int qos = 2, PublishOptions? options = null) =>
        publisher.TryPublishAsync(Message(payload, qos, options), Cancel);

    public static Task<PendingPublish> Enqueue(this IReliablePublisher publisher, string payload, int qos = 2, PublishOptions? options = null) =>
        publisher.EnqueueAsync(Message(payload, qos, options), Cancel);

    public static Task<PublishReceipt> Receipt(this IReliablePublisher publisher, MessageId messageId) => publisher.GetReceiptAsync(messageId, Cancel);

    public static Task<PublishReceipt> Confirm(this PendingPublish pending) => pending.WaitForConfirmAsync(Cancel);

    /// <summary>Publishes so many at once, and waits for all confirms.</summary>
    public static async Task PublishAll(this IReliablePublisher publisher, string name, int count, int qos = 2)
    {
        var receipts = await Task.WhenAll(Enumerable.Range(0, count).Select(i => publisher.Publish($"{name}{i}", qos)));
        Assert.All(receipts, receipt => Assert.Equal(PublishOutcome.Confirmed, receipt.Outcome));
    }

    /// <summary>The failure of a publishing call, with its reason.</summary>
    public static async Task<ReliablePublishException> FailsAsync(Func<Task> call, PublishFailure reason)
    {
        var error = await Assert.ThrowsAnyAsync<ReliablePublishException>(call);
        Assert.True(reason == error.Reason, $"{error.Reason}: {error.Message}");
        return error;
    }

    /// <summary>Waits until the status is so: it follows the receipts, it does not come before them.</summary>
    public static Task StatusIsAsync(this IReliablePublisher publisher, Func<PublisherStatus, bool> condition) =>
        Eventually.Async(() => condition(publisher.Status), () => $"another status than {publisher.Status}");

    public static Task<WirePacket> HitAsync(this TapRule rule) => rule.Hit.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

    /// <summary>Waits until the rule has met so many packets.</summary>
    public static Task HitsAsync(this TapRule rule, int count) => Eventually.Async(() => rule.Hits >= count, () => $"{count} packets met, not {rule.Hits}");
}
