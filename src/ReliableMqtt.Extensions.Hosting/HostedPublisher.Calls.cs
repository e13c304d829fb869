using MQTTnet;

namespace ReliableMqtt;

// Each call waits for the start, and then is the publisher's.
internal sealed partial class HostedPublisher
{
    public Task<PublishReceipt> PublishAsync(MqttApplicationMessage message, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        Publisher?.PublishAsync(message, options, cancellationToken) ?? CallAsync(publisher => publisher.PublishAsync(message, options, cancellationToken), cancellationToken);

    public Task<PublishReceipt> PublishAsync(PublishMessage message, CancellationToken cancellationToken = default) =>
        Publisher?.PublishAsync(message, cancellationToken) ?? CallAsync(publisher => publisher.PublishAsync(message, cancellationToken), cancellationToken);

    Task<PublishReceipt> IDraftPublisher.PublishAsync(in PublishDraft draft, CancellationToken cancellationToken) =>
        Publisher is IDraftPublisher publisher ? publisher.PublishAsync(draft, cancellationToken) : PublishOnceStartedAsync(draft, cancellationToken);

    private Task<PublishReceipt> PublishOnceStartedAsync(PublishDraft draft, CancellationToken cancellationToken) =>
        CallAsync(publisher => ((IDraftPublisher)publisher).PublishAsync(draft, cancellationToken), cancellationToken);

    public Task<PublishReceipt> TryPublishAsync(PublishMessage message, CancellationToken cancellationToken = default) =>
        Publisher?.TryPublishAsync(message, cancellationToken) ?? CallAsync(publisher => publisher.TryPublishAsync(message, cancellationToken), cancellationToken);

    public Task<PendingPublish> EnqueueAsync(PublishMessage message, CancellationToken cancellationToken = default) =>
        Publisher?.EnqueueAsync(message, cancellationToken) ?? CallAsync(publisher => publisher.EnqueueAsync(message, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<PendingPublish>> EnqueueBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default) =>
        CallAsync(publisher => publisher.EnqueueBatchAsync(messages, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<PublishReceipt>> PublishBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default) =>
        CallAsync(publisher => publisher.PublishBatchAsync(messages, cancellationToken), cancellationToken);

    public Task<PublishReceipt> GetReceiptAsync(MessageId messageId, CancellationToken cancellationToken = default) =>
        CallAsync(publisher => publisher.GetReceiptAsync(messageId, cancellationToken), cancellationToken);

    public async Task FlushAsync(CancellationToken cancellationToken = default) =>
        await (await StartedAsync(cancellationToken).ConfigureAwait(false)).FlushAsync(cancellationToken).ConfigureAwait(false);

    public async Task ReconnectAsync(CancellationToken cancellationToken = default) =>
        await (await StartedAsync(cancellationToken).ConfigureAwait(false)).ReconnectAsync(cancellationToken).ConfigureAwait(false);

    private async Task<T> CallAsync<T>(Func<ReliablePublisher, Task<T>> call, CancellationToken cancellationToken) =>
        await call(await StartedAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

    private Task<ReliablePublisher> StartedAsync(CancellationToken cancellationToken) => _started.Task.WaitAsync(cancellationToken);
}
