using MQTTnet;

namespace ReliableMqtt.Deduplication;

/// <summary>Puts a handler behind the incoming messages of a client.</summary>
public static class DeduplicationExtensions
{
    /// <summary>
    /// Hands each incoming message of the client to the handler once, and acknowledges it to the broker (PUBACK or PUBREC, MQTT 5 §4.3) only when the handler has run to its end and the store has noted it. So
    /// a process may die at any moment: what it had not finished comes again, if the broker keeps its session.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Call it before the client connects: what arrives before is acknowledged by MQTTnet. Works on any <c>IMqttClient</c>, and on <see cref="IReliablePublisher.Client"/>, there in
    /// <see cref="ReliablePublisherOptions.ConfigureClient"/>. The client needs a stable client id, no clean start, a Session Expiry Interval, and subscriptions of QoS 1 or 2. It should have no other handler of
    /// incoming messages.
    /// </para>
    /// <para>
    /// Deliveries wait in memory while the handler is behind: the broker sends no more than the client's Receive Maximum of them (MQTT 5 §3.1.2.11.3), which <c>WithReceiveMaximum</c> sets; QoS 0 has no such
    /// bound, and a message that the broker does not expect an acknowledgement of is lost with the process.
    /// </para>
    /// </remarks>
    /// <param name="client">The client. It is neither connected nor disposed.</param>
    /// <param name="store">Remembers what was handled. It is not disposed.</param>
    /// <param name="handler">Handles one message, and throws when it could not. Its token is cancelled at the end of <see cref="DeduplicatedReceiver.DisposeAsync"/>, or when the claim was lost.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>What ends it: dispose it before the client.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static DeduplicatedReceiver UseDeduplication(
        this IMqttClient client, ProcessedMessageStore store, Func<ReceivedMessage, CancellationToken, Task> handler, DeduplicationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        var complete = options ?? new DeduplicationOptions();
        return new DeduplicatedReceiver(client, new MessageDeduplicator(store, handler, complete), complete);
    }
}
