using MQTTnet;

namespace ReliableMqtt;

/// <summary>Publishes messages that must not be lost. Implemented by <see cref="ReliablePublisher"/>; an interface for the sake of tests.</summary>
public interface IReliablePublisher : IAsyncDisposable
{
    /// <summary>
    /// The MQTTnet client of the same connection: it subscribes, receives, and publishes at QoS 0. A publish at QoS 1 or 2, Connect,
    /// Disconnect and Dispose are refused, since they would go past the ledger.
    /// </summary>
    IMqttClient Client { get; }

    /// <summary>A snapshot of what is going on.</summary>
    PublisherStatus Status { get; }

    /// <summary>The messages that were given up: to be looked at, replayed or thrown away.</summary>
    DeadLetterBox DeadLetters { get; }

    /// <summary>Raised when the broker has confirmed a message, in the process that sent it; best effort, one call at a time, in the order of the confirms.</summary>
    event Func<PublishReceipt, Task>? ConfirmedAsync;

    /// <summary>Raised when a message was put among the dead letters or expired; best effort, as <see cref="ConfirmedAsync"/>.</summary>
    event Func<PublishReceipt, Task>? DeadLetteredAsync;

    /// <summary>Raised when the connection changes; as <see cref="ConfirmedAsync"/>.</summary>
    event Func<ConnectionStateChange, Task>? ConnectionStateChangedAsync;

    /// <summary>
    /// Accepts the message into the ledger, sends it and waits for the broker's confirm (PUBACK at QoS 1, PUBCOMP at QoS 2; MQTT 5 §4.3).
    /// QoS 0 is handed to the socket and never stored.
    /// </summary>
    /// <remarks>
    /// Cancelling before the message is accepted means that nothing was stored, or that the outcome is unknown; cancelling after it ends the wait,
    /// not the delivery. The payload is copied: the caller may use its buffer again when the call returns its task.
    /// </remarks>
    /// <returns>The receipt: <see cref="PublishOutcome.Confirmed"/>, or <see cref="PublishOutcome.Sent"/> at QoS 0.</returns>
    /// <exception cref="PublishRejectedException">The broker refused it.</exception>
    /// <exception cref="ReliablePublishException">It expired, was given up, was not accepted, or its confirm did not come in time; see its reason and receipt.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<PublishReceipt> PublishAsync(MqttApplicationMessage message, PublishOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>As <see cref="PublishAsync(MqttApplicationMessage, PublishOptions?, CancellationToken)"/>, of a topic and a payload.</summary>
    Task<PublishReceipt> PublishAsync(PublishMessage message, CancellationToken cancellationToken = default);

    /// <summary>As <c>PublishAsync</c>, but every outcome of the message is data: throws only for misuse (bad input), cancellation and disposal.</summary>
    Task<PublishReceipt> TryPublishAsync(PublishMessage message, CancellationToken cancellationToken = default);

    /// <summary>Accepts the message into the ledger and returns: it will be delivered. QoS 0 is handed to the socket and never stored.</summary>
    /// <exception cref="ReliablePublishException">It was not accepted; nothing is stored.</exception>
    Task<PendingPublish> EnqueueAsync(PublishMessage message, CancellationToken cancellationToken = default);

    /// <summary>Accepts several messages, in their order, with few writes to the ledger. One answer a message, in input order; a batch may be accepted in part.</summary>
    /// <exception cref="ReliablePublishException">A message is invalid; none was stored.</exception>
    Task<IReadOnlyList<PendingPublish>> EnqueueBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default);

    /// <summary>Publishes several messages and waits for all of them. One receipt a message, in input order; a refused message does not throw.</summary>
    /// <exception cref="ReliablePublishException">A message is invalid; none was stored.</exception>
    Task<IReadOnlyList<PublishReceipt>> PublishBatchAsync(IReadOnlyList<PublishMessage> messages, CancellationToken cancellationToken = default);

    /// <summary>What is true of a message now, from any process that knows its id.</summary>
    Task<PublishReceipt> GetReceiptAsync(MessageId messageId, CancellationToken cancellationToken = default);

    /// <summary>Waits until everything that was accepted before the call is finished. Messages accepted later are not waited for.</summary>
    Task FlushAsync(CancellationToken cancellationToken = default);

    /// <summary>Drops the connection, if there is one, and connects at once, also out of <see cref="ConnectionState.Faulted"/>; returns when connected.</summary>
    /// <exception cref="InvalidOperationException">The broker refuses for good, another client has taken the session, another process dispatches, or the publisher only accepts.</exception>
    Task ReconnectAsync(CancellationToken cancellationToken = default);
}
