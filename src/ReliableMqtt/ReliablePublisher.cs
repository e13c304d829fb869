using MQTTnet;

namespace ReliableMqtt;

/// <summary>Publishes MQTT messages that must not be lost.</summary>
public sealed partial class ReliablePublisher : IReliablePublisher
{
    /// <summary>Starts a publisher: opens the ledger, and connects in the background.</summary>
    public static Task<ReliablePublisher> StartAsync(ReliablePublisherOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public IMqttClient Client => throw new NotSupportedException();
    /// <inheritdoc />
    public PublisherStatus Status => throw new NotSupportedException();
#pragma warning disable CS0067
    /// <inheritdoc />
    public event Func<PublishReceipt, Task>? ConfirmedAsync;
    /// <inheritdoc />
    public event Func<PublishReceipt, Task>? DeadLetteredAsync;
    /// <inheritdoc />
    public event Func<ConnectionStateChange, Task>? ConnectionStateChangedAsync;
#pragma warning restore CS0067
    /// <inheritdoc />
    public Task<PublishReceipt> PublishAsync(MqttApplicationMessage message, PublishOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<PublishReceipt> PublishAsync(PublishMessage message, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<PublishReceipt> TryPublishAsync(PublishMessage message, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<PendingPublish> EnqueueAsync(PublishMessage message, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<IReadOnlyList<PendingPublish>> EnqueueBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<IReadOnlyList<PublishReceipt>> PublishBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task<PublishReceipt> GetReceiptAsync(MessageId messageId, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task FlushAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public Task ReconnectAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    /// <inheritdoc />
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
